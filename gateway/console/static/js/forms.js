// Dialogs and forms, all of one make: labels above fields, Escape turns away, Enter sends, what is wrong stands inside.

import { h, put } from "./dom.js";
import { t } from "./i18n.js";

let made = 0;

/** field("password", t("..."), {type: "password", required: true}) -> {name, label, input}. */
export function field(name, words, attrs = {}, options = null) {
  made += 1;
  const id = attrs.id ?? `field-${made}`;
  const input = options
    ? h("select", { ...attrs, id, name }, options.map(([value, text, chosen]) => h("option", { value, selected: Boolean(chosen) }, text)))
    : h(attrs.rows ? "textarea" : "input", { autocomplete: "off", ...attrs, id, name });
  if (attrs.checked && input.type === "checkbox") input.checked = true;
  return { name, input, rows: [h("label", { for: id }, words), input] };
}

/** A field for a file in the page's words: a browser's own "Choose File" is in the browser's language. */
export function fileField(attrs) {
  const shown = h("span", null, t("eng.choose"));
  const input = h("input", { type: "file", ...attrs, onchange: () => put(shown, input.files[0]?.name ?? t("eng.choose")) });
  return { input, el: h("span.file.button", null, shown, input) };
}

/** A form whose `send(values)` may throw: the reason is shown and the form stays. */
export function form(fields, words, send, extra = []) {
  const wrong = h("p.wrong", { role: "alert" }), submit = h("button.primary", { type: "submit" }, words);
  const el = h("form.fields", { onsubmit: async (event) => {
    event.preventDefault();
    submit.disabled = true;
    put(wrong);
    try {
      await send(Object.fromEntries(fields.map((f) => [f.name, value(f.input)])));
    } catch (fault) {
      put(wrong, fault.message);
    } finally {
      submit.disabled = false;
    }
  } }, fields.flatMap((f) => f.rows), wrong, h("div.buttons", null, extra, submit));
  return el;
}

function value(input) {
  if (input.type === "checkbox") return input.checked;
  return input.type === "number" ? Number(input.value) : input.value;
}

/** Asks; resolves to what `send` returned, or null when the person turns away. */
export function dialog(title, about, fields, words, send) {
  const box = h("dialog.ask", { "aria-label": title });
  let found = null;
  const cancel = h("button", { type: "button", onclick: () => box.close() }, t("act.cancel"));
  box.append(h("h2", null, title), ...(about ? [h("p.muted", null, about)] : []), form(fields, words, async (values) => {
    found = (await send(values)) ?? values;
    box.close();
  }, [cancel]));
  document.body.append(box);
  box.showModal();
  return new Promise((done) => box.addEventListener("close", () => { box.remove(); done(found); }));
}
