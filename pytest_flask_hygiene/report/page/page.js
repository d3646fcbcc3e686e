// What the page can do beside being read: light or dark, a filter, folding.  Without it all of the text is there.
"use strict";
(() => {
  const root = document.documentElement;
  const one = (selector) => document.querySelector(selector);
  const all = (selector, inside = document) => [...inside.querySelectorAll(selector)];
  const plural = (number, noun) => `${number} ${noun}${number === 1 ? "" : "s"}`;

  // -- light or dark

  const KEY = "pytest-flask-hygiene-theme";
  // A file:// page may have no storage.
  const remembered = () => { try { return localStorage.getItem(KEY); } catch { return null; } };
  const remember = (theme) => { try { localStorage.setItem(KEY, theme); } catch { /* not this time */ } };
  const prefersDark = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (root.dataset.theme || (prefersDark.matches ? "dark" : "light")) === "dark";
  // Before the page is drawn.
  if (["light", "dark"].includes(remembered())) root.dataset.theme = remembered();

  const setUpTheme = () => {
    const button = one("#theme");
    const showTheme = () => button.setAttribute("aria-pressed", String(isDark()));
    button.hidden = false;
    showTheme();
    prefersDark.addEventListener("change", showTheme);
    button.addEventListener("click", () => {
      root.dataset.theme = isDark() ? "light" : "dark";
      remember(root.dataset.theme);
      showTheme();
    });
  };

  const setUpSkipLink = () => {
    // What it does by itself would replace the filter in the address.
    one(".skip").addEventListener("click", (event) => {
      event.preventDefault();
      one("#findings").focus();
      one("#findings").scrollIntoView();
    });
  };

  // -- what a group says.  The markup is read, not the elements: on a large page most of them are not there yet.

  const CHARACTERS = { "&amp;": "&", "&lt;": "<", "&gt;": ">", "&#34;": '"', "&#39;": "'", "&nbsp;": " " };
  const plain = (html) => html
    .replace(/<[^>]*>/g, "")
    .replace(/&(?:amp|lt|gt|nbsp|#34|#39);/g, (name) => CHARACTERS[name])
    .toLowerCase();

  const readRow = (html, folded) => {
    const [, outcome, owners] = html.match(/data-outcome="([^"]*)" data-owner="([^"]*)"/);
    return { outcome, owners: owners.split(" "), text: plain(html.slice(html.indexOf(">"))), folded, shown: true };
  };

  const ROW = /<li class="row"[\s\S]*?<\/li>/g;
  const readGroup = (element) => {
    const body = element.querySelector(".body");
    const html = body.firstElementChild.matches("noscript") ? body.textContent : body.innerHTML;
    const [main, rows] = html.split(/<ul class="rows">([\s\S]*)/);
    const [first, more = ""] = rows.split('<details class="more"');
    let told = main.replace(/<figure[\s\S]*?<\/figure>/g, "");
    // Where the ways differ, the outermost line is that of one test only.
    if (told.includes('<details class="ways"')) {
      told = told.replace(/<details class="ways"[\s\S]*<\/details>/, "");
      told = told.replace(/(<ol class="steps">\s*)<li>[\s\S]*?<\/li>/, "$1");
    }
    return {
      element,
      kind: element.dataset.kind,
      text: `${element.querySelector("summary").textContent.toLowerCase()}\n${plain(told)}`,
      rows: [
        ...(first.match(ROW) || []).map((row) => readRow(row, false)),
        ...(more.match(ROW) || []).map((row) => readRow(row, true)),
      ],
    };
  };

  // Marks what the filter asks for, and returns how many rows that are.
  const select = (group, { kind, owner, outcome, words }) => {
    const left = words.filter((word) => !group.text.includes(word));
    const ofKind = !kind.length || kind.includes(group.kind);
    let count = 0;
    for (const row of group.rows) {
      row.shown = ofKind
        && (!outcome.length || outcome.includes(row.outcome))
        && (!owner.length || row.owners.some((name) => owner.includes(name)))
        && left.every((word) => row.text.includes(word));
      count += row.shown;
    }
    return count;
  };

  // Shows those rows only.
  const show = (group) => {
    const elements = group.element.querySelectorAll(".row");
    if (!elements.length) return;
    group.rows.forEach((row, number) => {
      if (elements[number].hidden === row.shown) elements[number].hidden = !row.shown;
    });
    const more = group.element.querySelector("details.more");
    if (!more) return;
    const shown = group.rows.filter((row) => row.shown);
    const folded = shown.filter((row) => row.folded).length;
    more.hidden = folded === 0;
    // Nothing above the fold would look like nothing at all.
    if (folded && folded === shown.length) more.open = true;
    more.firstElementChild.textContent = folded === shown.length ? `${folded}` : `and ${folded} more`;
  };

  // -- the filter, which the address keeps

  const setUpFilter = (form) => {
    const text = one("#text");
    const count = one("#count");
    const choices = all(".choice", form);
    const isPressed = (button) => button.getAttribute("aria-pressed") === "true";
    const press = (button, on) => button.setAttribute("aria-pressed", String(on));

    // Read when they are first needed.
    let known = null;
    const groups = () => known ||= all(".group").map(readGroup);

    // On a large page what is folded is in noscript elements, which are mere text: so it opens sooner.
    const unpack = (element) => {
      const waiting = element.querySelector(".body > noscript");
      if (!waiting) return;
      waiting.parentNode.innerHTML = waiting.textContent;
      if (known) show(known.find((group) => group.element === element));
    };
    document.addEventListener("toggle", ({ target }) => {
      if (target.open && target.parentNode.matches(".group")) unpack(target.parentNode);
    }, true);
    addEventListener("beforeprint", () => all(".group").forEach(unpack));

    const wanted = () => {
      const facets = { kind: [], owner: [], outcome: [] };
      for (const button of choices) if (isPressed(button)) facets[button.dataset.facet].push(button.dataset.value);
      return { ...facets, words: text.value.toLowerCase().split(/\s+/).filter(Boolean) };
    };

    const apply = () => {
      const filter = wanted();
      const active = Object.values(filter).some((list) => list.length);
      let findings = 0;
      let places = 0;
      if (active || known) {
        for (const group of groups()) {
          const rows = select(group, filter);
          if (group.element.hidden === rows > 0) group.element.hidden = rows === 0;
          show(group);
          findings += rows;
          places += rows > 0;
        }
      } else {
        findings = Number(count.dataset.findings);
        places = Number(count.dataset.places);
      }
      const told = active
        ? `${findings} of ${count.dataset.findings} findings, at ${plural(places, "place")}`
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
    for (const button of [one("#clear"), one("#none .clear")]) button.addEventListener("click", () => { clear(); text.focus(); });
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

    form.hidden = false;
    if (location.hash.includes("=")) fromAddress();
  };

  const setUpFolds = () => {
    const fold = (open) => { for (const element of all(".group > details")) element.open = open; };
    one("#unfold").addEventListener("click", () => fold(true));
    one("#fold").addEventListener("click", () => fold(false));
    one(".folds").hidden = false;
  };

  document.addEventListener("DOMContentLoaded", () => {
    setUpTheme();
    setUpSkipLink();
    const form = one("#filter");
    // Without findings there is none.
    if (!form) return;
    setUpFolds();
    setUpFilter(form);
  });
})();
