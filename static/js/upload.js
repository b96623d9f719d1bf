// Sends chosen and dropped files piece by piece (tus), three at a time, and goes on where it stopped after a cut
// connection, a reload or a new sign-in. Without script the form is a plain one. See docs/components.md.
const PIECE_BYTES = 8 * 1024 * 1024;
const AT_ONCE = 3;
const RETRY_DELAYS = [0, 1000, 3000, 5000, 10000];
// What is worth another try: no answer, a server in trouble, a piece that two tabs send or that came in damaged.
const isPassing = (status) => [0, 409, 423, 460].includes(status) || (status >= 500 && status !== 507);

const token = () =>
  document.cookie.split("; ").find((part) => part.startsWith("csrftoken="))?.slice("csrftoken=".length) ||
  document.querySelector("[name=csrfmiddlewaretoken]").value;

const inBase64 = (bytes) => btoa(String.fromCharCode(...new Uint8Array(bytes)));

// The library's requests, with the token of the moment and a digest of what is sent. Browsers digest on https only.
class DigestingStack {
  getName() {
    return "DigestingStack";
  }

  createRequest(method, url) {
    const request = new tus.DefaultHttpStack().createRequest(method, url);
    const send = request.send.bind(request);
    const abort = request.abort.bind(request);
    let isAborted = false;
    request.abort = () => {
      isAborted = true;
      return abort();
    };
    request.send = async (body) => {
      request.setHeader("X-CSRFToken", token());
      if (body && globalThis.crypto?.subtle) {
        const digest = await crypto.subtle.digest("SHA-256", await body.arrayBuffer());
        request.setHeader("Upload-Checksum", `sha256 ${inBase64(digest)}`);
      }
      if (isAborted) throw new Error("aborted");
      return send(body);
    };
    return request;
  }
}

const answerOf = (error) => error.originalResponse?.getUnderlyingObject();
const isSignedOut = (error) => {
  const answer = answerOf(error);
  return Boolean(answer?.responseURL) && new URL(answer.responseURL).pathname !== path(error.originalRequest.getURL());
};
const path = (url) => new URL(url, window.location.href).pathname;
const isUnreadable = (error) => ["NotReadableError", "NotFoundError"].includes(error.causingError?.name);
const OPEN = ["waiting", "sending", "paused"];
const queues = new Set();

function reason(form, error) {
  const answer = answerOf(error);
  try {
    return JSON.parse(answer.responseText).error || form.dataset.textFailed;
  } catch {
    return form.dataset.textFailed;
  }
}

class Sending {
  constructor(queue, file) {
    this.queue = queue;
    this.file = file;
    this.item = queue.form.querySelector("template").content.firstElementChild.cloneNode(true);
    this.part("name").textContent = file.name;
    this.item.querySelector("progress").setAttribute("aria-label", file.name);
    this.part("cancel").addEventListener("click", () => this.cancel());
    this.part("retry").addEventListener("click", () => this.goOn());
    this.upload = new tus.Upload(file, {
      endpoint: queue.form.dataset.endpoint,
      metadata: { filename: file.name, ...(queue.form.dataset.replaces && { replaces: queue.form.dataset.replaces }) },
      fingerprint: async () => this.key,
      chunkSize: PIECE_BYTES,
      retryDelays: RETRY_DELAYS,
      removeFingerprintOnSuccess: true,
      httpStack: new DigestingStack(),
      onShouldRetry: (error) =>
        navigator.onLine && !isUnreadable(error) && !isSignedOut(error) && isPassing(answerOf(error)?.status ?? 0),
      onProgress: (sent, total) => this.progress(sent, total),
      onSuccess: ({ lastResponse }) => this.done(lastResponse.getHeader("Upload-Note")),
      onError: (error) => this.failed(error),
    });
  }

  get key() {
    const { form } = this.queue;
    const { name, size, lastModified } = this.file;
    return ["upload", form.dataset.endpoint, form.dataset.replaces || "", name, size, lastModified].join("-");
  }

  get isOpen() {
    return OPEN.includes(this.state);
  }

  part(name) {
    return this.item.querySelector(`[data-upload-${name}]`);
  }

  show(state, words = "", error = "") {
    this.state = state;
    this.item.dataset.state = state;
    this.part("status").textContent = words;
    this.part("error").textContent = error;
    this.part("retry").hidden = state !== "paused";
    this.item.querySelector("progress").hidden = !this.isOpen;
    const { textCancel, textRemove } = this.queue.form.dataset;
    this.part("cancel").textContent = this.isOpen ? textCancel : textRemove;
  }

  async start() {
    const { textSending } = this.queue.form.dataset;
    this.show("sending", textSending);
    const [earlier] = await this.upload.findPreviousUploads();
    if (earlier) this.upload.resumeFromPreviousUpload(earlier);
    if (this.state === "sending") this.upload.start();
  }

  goOn() {
    this.show("waiting", this.queue.form.dataset.textWaiting);
    this.queue.next();
  }

  progress(sent, total) {
    const percent = Math.floor((sent / total) * 100);
    const { textSending, textStoring } = this.queue.form.dataset;
    this.item.querySelector("progress").value = percent;
    this.part("status").textContent = sent < total ? `${textSending} ${percent}%` : textStoring;
  }

  done(note) {
    this.show("done", this.queue.form.dataset.textDone, note && decodeURIComponent(note));
    this.queue.finished(this, !note);
  }

  failed(error) {
    const { textPaused, textSignedOut, textUnreadable } = this.queue.form.dataset;
    const status = answerOf(error)?.status ?? 0;
    if (isUnreadable(error)) this.show("failed", "", `${this.file.name}: ${textUnreadable}`);
    else if (isSignedOut(error)) this.show("paused", "", textSignedOut);
    else if (status === 0) this.show("paused", "", textPaused);
    else this.show(isPassing(status) ? "paused" : "failed", "", reason(this.queue.form, error));
    this.queue.next();
  }

  async cancel() {
    this.show("cancelled");
    this.item.remove();
    this.queue.forget(this);
    await this.upload.abort(true).catch(() => {}); // what the server keeps is cleared at night
  }
}

class Queue {
  constructor(form) {
    this.form = form;
    this.list = form.querySelector("[data-upload-list]");
    this.sendings = [];
    queues.add(this);
  }

  add(files) {
    const limit = Number(this.form.dataset.maxBytes || Infinity);
    for (const file of files) {
      const sending = new Sending(this, file);
      if (this.sendings.some((other) => other.key === sending.key && other.isOpen)) continue;
      this.sendings.push(sending);
      this.list.append(sending.item);
      if (file.size > limit) sending.show("failed", "", `${file.name}: ${this.form.dataset.textLarge}`);
      else sending.show("waiting", this.form.dataset.textWaiting);
    }
    this.list.hidden = false;
    this.next();
  }

  in(state) {
    return this.sendings.filter((sending) => sending.state === state);
  }

  next() {
    const free = AT_ONCE - this.in("sending").length;
    for (const sending of this.in("waiting").slice(0, Math.max(free, 0))) sending.start();
  }

  async finished(sending, isSilent) {
    const { filesUrl, target, nextUrl } = this.form.dataset;
    if (isSilent) {
      sending.item.remove();
      this.forget(sending);
    }
    this.next();
    if (nextUrl) window.location.assign(nextUrl);
    else if (filesUrl) await window.htmx.ajax("GET", filesUrl, { target, swap: "innerHTML" });
  }

  forget(sending) {
    this.sendings = this.sendings.filter((other) => other !== sending);
    this.list.hidden = !this.sendings.length;
    this.next();
  }
}

// Folders have no bytes to send.
function dropped(transfer) {
  const entries = [...transfer.items].filter((item) => item.kind === "file").map((item) => item.webkitGetAsEntry?.());
  return [...transfer.files].filter((_file, index) => !entries[index]?.isDirectory);
}

function live(form) {
  const queue = new Queue(form);
  const input = form.querySelector("input[type=file]");
  const area = form.querySelector(".upload-area");
  const error = form.querySelector("[data-upload-fault]");
  form.classList.add("is-live");
  input.addEventListener("change", () => {
    error.textContent = "";
    queue.add(input.files);
    input.value = "";
  });
  for (const kind of ["dragenter", "dragover"]) area.addEventListener(kind, () => area.classList.add("is-over"));
  for (const kind of ["dragleave", "drop"]) area.addEventListener(kind, () => area.classList.remove("is-over"));
  area.addEventListener("drop", (event) => {
    const files = dropped(event.dataTransfer);
    const { textFolder, textSingle } = form.dataset;
    const isTooMany = files.length > 1 && !input.multiple;
    error.textContent = isTooMany ? textSingle : files.length < event.dataTransfer.files.length ? textFolder : "";
    if (!isTooMany) queue.add(files);
  });
}

// A file dropped beside the area would otherwise take the place of the page, and of what was typed on it.
for (const kind of ["dragover", "drop"]) window.addEventListener(kind, (event) => event.preventDefault());
window.addEventListener("online", () => {
  for (const queue of queues) for (const sending of queue.in("paused")) sending.goOn();
});
window.addEventListener("beforeunload", (event) => {
  if ([...queues].some((queue) => queue.sendings.some((sending) => sending.isOpen))) event.preventDefault();
});

// Without the library the plain form stays.
if (window.tus) for (const form of document.querySelectorAll("[data-upload][data-endpoint]")) live(form);
