// Saves each answer a second after typing stops, and says at every moment what is saved and what is not.
const PAUSE = 1_000;
const FIRST_RETRY = 2_000;
const LAST_RETRY = 60_000;
const KEPT_ALIVE = 60_000; // bytes: browsers refuse more than 64 KiB in requests that outlive their page

const form = document.querySelector("[data-autosave]");
const words = form.dataset;
const token = () => document.cookie.match(/(?:^|; )csrftoken=([^;]+)/)?.[1] ?? "";
let savedAt = "";
let bytesKeptAlive = 0;

// A problem is a text, whether trying again may help, and whether one has to sign in first.
const PROBLEMS = {
  offline: { text: words.textOffline, isPassing: true },
  failed: { text: words.textFailed, isPassing: true },
  signedOut: { text: words.textSignedOut, isPassing: true, signsIn: true },
  refused: { text: words.textRefused },
  invalid: { text: words.textInvalid },
  contested: { text: words.textContested },
};

class Answer {
  constructor(section) {
    this.section = section;
    this.isDirty = false;
    this.sending = 0;
    this.exposed = 0; // saves under way that end with the page
    this.problem = null;
    this.delay = FIRST_RETRY;
    this.place = section.querySelector("[data-save-state]");
    this.theirs = section.querySelector("[data-theirs]");
    this.revision = form.elements[`revision_${section.dataset.requirement}`];
    section.addEventListener("newer", (event) => this.offer(event.detail));
    this.theirs.addEventListener("click", (event) => {
      const button = event.target.closest("[data-take]");
      if (button) this.take(button.dataset.take);
    });
  }

  get isContested() {
    return this.problem === PROBLEMS.contested;
  }

  get isUnsaved() {
    return this.isDirty || this.sending > 0;
  }

  typed(isAtOnce) {
    if (this.isFilling) return;
    this.isDirty = true;
    if (!this.isContested) this.saveIn(isAtOnce ? 0 : PAUSE);
    this.show();
  }

  saveIn(milliseconds) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.save(), milliseconds);
  }

  // Two saves of one answer never run at once, except when the page is being left: the later then counts on the earlier.
  async save(isLeaving = false) {
    clearTimeout(this.timer);
    if (!this.isDirty || this.isContested || (this.sending && !isLeaving)) return;
    this.isDirty = false;
    const body = this.body(Number(this.revision.value) + this.sending);
    this.sending += 1;
    this.show();
    const problem = await this.send(body);
    this.sending -= 1;
    this.problem = problem;
    if (problem) this.isDirty = true;
    if (problem?.isPassing) {
      this.saveIn(this.delay);
      this.delay = Math.min(this.delay * 2, LAST_RETRY);
    } else {
      this.delay = FIRST_RETRY;
      if (!problem && this.isDirty) this.saveIn(0);
    }
    this.show();
  }

  body(revision) {
    const data = new FormData();
    for (const field of this.section.querySelectorAll("input, textarea, select")) {
      if (field.name && (field.checked || !["checkbox", "radio"].includes(field.type))) data.append(field.name, field.value);
    }
    data.set(this.revision.name, revision);
    return data;
  }

  async send(body) {
    const bytes = [...body.values()].reduce((sum, value) => sum + 200 + new TextEncoder().encode(value).length, 0);
    const keepalive = bytesKeptAlive + bytes <= KEPT_ALIVE;
    if (keepalive) bytesKeptAlive += bytes;
    else this.exposed += 1;
    try {
      const options = { method: "POST", body, keepalive, redirect: "manual", headers: { "X-CSRFToken": token() } };
      return await this.hear(await fetch(this.section.dataset.saveUrl, options));
    } catch {
      return PROBLEMS.offline;
    } finally {
      if (keepalive) bytesKeptAlive -= bytes;
      else this.exposed -= 1;
    }
  }

  async hear(response) {
    if (response.type === "opaqueredirect") return PROBLEMS.signedOut;
    if (response.status >= 500 || [408, 429].includes(response.status)) return PROBLEMS.failed;
    if (![200, 409, 422].includes(response.status)) return PROBLEMS.refused;
    const answer = await response.json();
    if (response.status === 422) return this.complain(answer.errors);
    if (response.status === 409) return answer.error ? { text: answer.error } : this.contest(answer.theirs);
    this.complain({});
    this.revision.value = answer.revision;
    this.section.querySelector("[data-standing]").innerHTML = answer.standing;
    this.section.querySelector("[data-carried-over]")?.remove();
    this.lay("");
    savedAt = this.savedAt = answer.saved_at;
    return null;
  }

  complain(errors) {
    for (const old of this.section.querySelectorAll(".field-error")) old.remove();
    for (const field of this.section.querySelectorAll("[aria-invalid]")) field.removeAttribute("aria-invalid");
    for (const field of this.section.querySelectorAll(".has-error")) field.classList.remove("has-error");
    for (const [name, messages] of Object.entries(errors)) {
      const fields = [...this.section.querySelectorAll(`[name="${name}"]`)];
      const place = fields[0]?.closest("fieldset, .field") ?? this.section.querySelector(`#id_${name}`) ?? this.place.parentElement;
      const list = Object.assign(document.createElement("ul"), { className: "field-error", id: `id_${name}_error` });
      for (const message of messages) list.append(Object.assign(document.createElement("li"), { textContent: message }));
      place.append(list);
      place.closest(".field")?.classList.add("has-error");
      for (const field of fields) {
        field.setAttribute("aria-invalid", "true");
        field.setAttribute("aria-describedby", list.id);
      }
    }
    return PROBLEMS.invalid;
  }

  lay(html, isContested = false) {
    this.theirs.innerHTML = html;
    this.section.classList.toggle("is-contested", Boolean(html));
    for (const choice of this.theirs.querySelectorAll("[data-choice]")) choice.hidden = false;
    for (const part of this.theirs.querySelectorAll("[data-when=contested]")) part.hidden = !isContested;
  }

  contest(html) {
    this.lay(html, true);
    return PROBLEMS.contested;
  }

  offer(html) {
    if (this.isUnsaved || this.problem) return;
    const panel = Object.assign(document.createElement("template"), { innerHTML: html }).content;
    const { revision } = panel.querySelector("[data-revision]").dataset;
    const shown = this.theirs.querySelector("[data-revision]")?.dataset.revision;
    if (revision === shown || Number(revision) <= Number(this.revision.value)) return;
    this.lay(html);
    this.say(words.textNewer);
  }

  take(whose) {
    const { revision, typed } = this.theirs.querySelector("[data-revision]").dataset;
    if (whose === "theirs") this.fill(JSON.parse(typed));
    this.revision.value = revision;
    this.lay("");
    this.problem = null;
    this.isDirty = true;
    this.save();
    this.section.querySelector("textarea").focus();
  }

  fill(values) {
    this.isFilling = true;
    for (const [name, value] of Object.entries(values)) {
      const wanted = new Set([value].flat());
      for (const field of this.section.querySelectorAll(`[name="${name}"]`)) {
        if (["checkbox", "radio"].includes(field.type)) field.checked = wanted.delete(field.value);
        else field.value = value;
        field.dispatchEvent(new Event("input", { bubbles: true }));
      }
      if (!Array.isArray(value)) continue;
      // Files uploaded since the page was opened have no box here; they stay linked.
      for (const file of wanted) this.section.append(Object.assign(document.createElement("input"), { type: "hidden", name, value: file }));
    }
    this.isFilling = false;
  }

  show() {
    if (this.problem) this.say(words.textUnsaved + this.problem.text, true);
    else if (this.sending) this.say(words.textSaving);
    else if (this.isDirty) this.say(words.textTyping, true);
    else if (this.savedAt) this.say(`${words.textSaved} ${this.savedAt}`);
    showPage();
  }

  say(text, isUnsaved = false) {
    this.place.textContent = text;
    this.place.classList.toggle("is-unsaved", isUnsaved);
  }
}

const answers = [...form.querySelectorAll("[data-requirement]")].map((section) => new Answer(section));
const answerAt = (element) => answers.find((answer) => answer.section.contains(element));

function showPage() {
  const place = form.querySelector("[data-saved]");
  const problem = answers.map((answer) => answer.problem).find(Boolean);
  const isSending = answers.some((answer) => answer.sending);
  const isTyping = answers.some((answer) => answer.isDirty);
  place.classList.toggle("is-unsaved", Boolean(problem) || (isTyping && !isSending));
  if (problem) place.textContent = words.textUnsaved + problem.text;
  else if (isSending) place.textContent = words.textSaving;
  else if (isTyping) place.textContent = words.textTyping;
  else if (savedAt) place.textContent = `${words.textSaved} ${savedAt}`;
  if (!problem?.signsIn) return;
  const link = { href: words.signIn, target: "_blank", textContent: words.textSignIn };
  place.append(" ", Object.assign(document.createElement("a"), link));
}

function retry() {
  for (const answer of answers) if (answer.problem?.isPassing) answer.save();
}

// Everything typed and not yet on its way is sent now; the browser finishes that after the page is gone.
function flush(isLeaving) {
  for (const answer of answers) if (answer.problem !== PROBLEMS.invalid) answer.save(isLeaving);
}

async function settle() {
  flush(false);
  const isOnItsWay = (answer) => answer.sending || (answer.isDirty && !answer.problem);
  while (answers.some(isOnItsWay)) await new Promise((resolve) => setTimeout(resolve, 50));
}

function renewToken() {
  if (token()) form.elements.csrfmiddlewaretoken.value = token();
}

form.removeAttribute("data-unsaved"); // What static/js/unsaved.js does for other forms is done here.
form.addEventListener("input", (event) => {
  answerAt(event.target)?.typed(["checkbox", "radio"].includes(event.target.type));
});

// The page's own buttons send the whole page: on the revisions that the saves under way lead to.
form.addEventListener("submit", async (event) => {
  renewToken();
  if (!answers.some((answer) => answer.isUnsaved)) return;
  event.preventDefault();
  await settle();
  const stuck = answers.find((answer) => answer.isUnsaved);
  if (stuck) stuck.section.scrollIntoView();
  else form.requestSubmit(form.contains(event.submitter) ? event.submitter : null); // a save may confirm and take its button
});

document.addEventListener("visibilitychange", () => flush(false));
window.addEventListener("pagehide", () => flush(true));
window.addEventListener("beforeunload", (event) => {
  flush(true);
  if (answers.some((answer) => answer.exposed || (answer.problem && answer.isUnsaved))) event.preventDefault();
});
window.addEventListener("pageshow", (event) => {
  if (event.persisted && !answers.some((answer) => answer.isUnsaved)) window.location.reload();
});
window.addEventListener("online", retry);
window.addEventListener("focus", retry);

for (const answer of answers) {
  const html = answer.theirs.innerHTML.trim();
  if (html) answer.problem = answer.contest(html);
  if ("typed" in words) answer.typed(false);
}
