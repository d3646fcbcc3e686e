"use strict";
(() => {
  const root = document.documentElement;
  const KEY = "pytest-flask-hygiene-theme";
  // A file:// page may have no storage.
  const remembered = () => { try { return localStorage.getItem(KEY); } catch { return null; } };
  const remember = (theme) => { try { localStorage.setItem(KEY, theme); } catch { /* not this time */ } };
  const prefersDark = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (root.dataset.theme || (prefersDark.matches ? "dark" : "light")) === "dark";
  // Before the page is drawn.
  if (["light", "dark"].includes(remembered())) root.dataset.theme = remembered();

  document.addEventListener("DOMContentLoaded", () => {
    const one = (selector) => document.querySelector(selector);
    const all = (selector, inside = document) => [...inside.querySelectorAll(selector)];

    const theme = one("#theme");
    const showTheme = () => theme.setAttribute("aria-pressed", String(isDark()));
    theme.hidden = false;
    showTheme();
    prefersDark.addEventListener("change", showTheme);
    theme.addEventListener("click", () => {
      root.dataset.theme = isDark() ? "light" : "dark";
      remember(root.dataset.theme);
      showTheme();
    });
    // A link to it would replace the filter in the address.
    one(".skip").addEventListener("click", (event) => {
      event.preventDefault();
      one("#findings").focus();
      one("#findings").scrollIntoView();
    });

    const form = one("#filter");
    if (!form) return;
    const text = one("#text");
    const count = one("#count");
    const choices = all(".choice", form);
    const isPressed = (button) => button.getAttribute("aria-pressed") === "true";
    const press = (button, on) => button.setAttribute("aria-pressed", String(on));

    // Read when they are first needed: the page of a large suite opens sooner.
    let known = null;
    const groups = () => known ||= all(".group").map((element) => {
      const more = element.querySelector("details.more");
      const rows = all(".row", element).map((row) => ({
        element: row,
        outcome: row.dataset.outcome,
        owners: row.dataset.owner.split(" "),
        text: row.textContent.toLowerCase(),
        folded: more !== null && more.contains(row),
      }));
      // Where the ways differ, the outermost line is that of one test only.
      const ways = element.querySelector(".ways") ? ".steps, .ways" : ".ways";
      const parts = all(`summary h3, .state, .body > :not(.rows, details.more, ${ways})`, element)
        .concat(ways === ".ways" ? [] : all(".body > .steps > li:not(:first-child)", element));
      const words = parts.map((part) => part.textContent).join("\n").toLowerCase();
      return { element, rows, more, kind: element.dataset.kind, text: words };
    });

    const wanted = () => {
      const facets = { kind: [], owner: [], outcome: [] };
      for (const button of choices) if (isPressed(button)) facets[button.dataset.facet].push(button.dataset.value);
      return { ...facets, words: text.value.toLowerCase().split(/\s+/).filter(Boolean) };
    };
    const plural = (number, noun) => `${number} ${noun}${number === 1 ? "" : "s"}`;

    const apply = () => {
      const { kind, owner, outcome, words } = wanted();
      const active = kind.length + owner.length + outcome.length + words.length > 0;
      let findings = 0;
      let places = 0;
      if (active || known) {
        for (const group of groups()) {
          const left = words.filter((word) => !group.text.includes(word));
          const ofKind = !kind.length || kind.includes(group.kind);
          let rows = 0;
          let folded = 0;
          for (const row of group.rows) {
            const shown = ofKind
              && (!outcome.length || outcome.includes(row.outcome))
              && (!owner.length || row.owners.some((name) => owner.includes(name)))
              && left.every((word) => row.text.includes(word));
            if (row.element.hidden === shown) row.element.hidden = !shown;
            rows += shown;
            folded += shown && row.folded;
          }
          if (group.element.hidden === rows > 0) group.element.hidden = rows === 0;
          if (group.more) {
            group.more.hidden = folded === 0;
            // Nothing above the fold would look like nothing at all.
            if (active && folded && folded === rows) group.more.open = true;
            group.more.firstElementChild.textContent = folded === rows ? `${folded}` : `and ${folded} more`;
          }
          findings += rows;
          places += rows > 0;
        }
      } else {
        findings = Number(count.dataset.findings);
        places = Number(count.dataset.places);
      }
      const of = active ? ` of ${count.dataset.findings}` : "";
      const told = active
        ? `${findings}${of} findings, at ${plural(places, "place")}`
        : `${plural(findings, "finding")} at ${plural(places, "place")}`;
      if (count.textContent !== told) count.textContent = told;
      one("#none").hidden = findings > 0;
      one("#clear").hidden = !active;
    };

    const toAddress = () => {
      const { kind, owner, outcome } = wanted();
      const values = new URLSearchParams();
      for (const [name, list] of Object.entries({ kind, owner, outcome })) if (list.length) values.set(name, list.join(","));
      if (text.value.trim()) values.set("text", text.value.trim());
      const hash = values.toString();
      try { history.replaceState(null, "", hash ? `#${hash}` : location.pathname + location.search); } catch { location.hash = hash; }
    };
    const fromAddress = () => {
      const values = new URLSearchParams(location.hash.slice(1));
      text.value = values.get("text") || "";
      for (const button of choices) press(button, (values.get(button.dataset.facet) || "").split(",").includes(button.dataset.value));
      apply();
    };
    const change = () => { apply(); toAddress(); };
    const clear = () => {
      text.value = "";
      for (const button of choices) press(button, false);
      change();
    };

    for (const button of choices) button.addEventListener("click", () => { press(button, !isPressed(button)); change(); });
    text.addEventListener("input", change);
    form.addEventListener("submit", (event) => event.preventDefault());
    one("#clear").addEventListener("click", () => { clear(); text.focus(); });
    one("#none .clear").addEventListener("click", () => { clear(); text.focus(); });
    addEventListener("hashchange", fromAddress);
    addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.key === "/" && event.target !== text) {
        event.preventDefault();
        text.focus();
        text.select();
      } else if (event.key === "Escape" && !one("#clear").hidden) {
        event.preventDefault();
        clear();
      }
    });

    const fold = (open) => { for (const element of all(".group > details")) element.open = open; };
    one("#unfold").addEventListener("click", () => fold(true));
    one("#fold").addEventListener("click", () => fold(false));
    one(".folds").hidden = false;
    form.hidden = false;
    if (location.hash.includes("=")) fromAddress();
  });
})();
