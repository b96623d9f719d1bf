// Sends the chosen files one by one with a bar of real progress, and touches nothing else on the page.
// See docs/components.md for what the server answers.
function send(form, name, file, onProgress) {
  return new Promise((resolve) => {
    const data = new FormData();
    for (const field of form.querySelectorAll("input[type=hidden]")) data.append(field.name, field.value);
    data.append(name, file, file.name);
    const request = new XMLHttpRequest();
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) onProgress(event.loaded / event.total);
    });
    request.addEventListener("loadend", () => resolve(request));
    request.open("POST", form.action);
    request.setRequestHeader("X-Requested-With", "XMLHttpRequest");
    request.send(data);
  });
}

function reason(form, request) {
  const type = request.getResponseHeader("Content-Type") || "";
  try {
    if (type.includes("application/json")) return JSON.parse(request.responseText).error;
  } catch {
    return form.dataset.textFailed;
  }
  return request.status >= 400 && request.status < 500 && type.includes("text/plain")
    ? request.responseText
    : form.dataset.textFailed;
}

function place(form, request) {
  const target = form.dataset.target && document.querySelector(form.dataset.target);
  if (!target) return window.location.reload();
  target.innerHTML = request.responseText;
  window.htmx?.process(target);
}

async function upload(form, files) {
  const input = form.querySelector("input[type=file]");
  const panel = form.querySelector("[data-upload-progress]");
  const bar = panel.querySelector("progress");
  const status = form.querySelector("[data-upload-status]");
  const error = form.querySelector("[data-upload-error]");
  const limit = Number(form.dataset.maxBytes || Infinity);
  const faults = [];
  error.textContent = "";
  input.disabled = true;
  panel.hidden = false;
  for (const file of files) {
    if (file.size > limit) {
      faults.push(`${file.name}: ${form.dataset.textLarge}`);
      continue;
    }
    bar.value = 0;
    status.textContent = `${form.dataset.textSending} ${file.name}`;
    const request = await send(form, input.name, file, (part) => {
      bar.value = Math.round(part * 100);
      const words = part < 1 ? form.dataset.textSending : form.dataset.textChecking;
      status.textContent = `${words} ${file.name} ${bar.value}%`;
    });
    if (request.status >= 200 && request.status < 300) place(form, request);
    else faults.push(reason(form, request));
  }
  panel.hidden = true;
  input.disabled = false;
  input.value = "";
  error.textContent = faults.join("\n");
  if (faults.length) input.focus();
}

function live(form) {
  form.classList.add("is-live");
  form.querySelector("input[type=file]").addEventListener("change", (event) => {
    if (event.target.files.length) upload(form, [...event.target.files]);
  });
  const area = form.querySelector(".upload-area");
  for (const kind of ["dragenter", "dragover"]) area.addEventListener(kind, () => area.classList.add("is-over"));
  for (const kind of ["dragleave", "drop"]) area.addEventListener(kind, () => area.classList.remove("is-over"));
}

const wakeUploads = (root) => root.querySelectorAll("[data-upload]:not(.is-live)").forEach(live);
wakeUploads(document);
document.addEventListener("htmx:load", (event) => wakeUploads(event.detail.elt));
