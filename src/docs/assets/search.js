// Search on the reader's side: a list of names, and the box that looks through it.
(function () {
  "use strict";
  const entries = "ENTRIES";
  const root = document.body.dataset.root;
  const box = document.getElementById("search");
  const list = document.getElementById("found");
  const contents = document.querySelector("nav details");
  let marked = -1;

  // On a narrow page the contents come first, so they are folded.
  if (contents && window.matchMedia("(max-width: 54rem)").matches) {
    contents.open = false;
  }
  box.hidden = false;

  // The beginning of a name counts more than its middle, and a name more than words about it.
  function score(entry, wanted) {
    const name = entry[0].toLowerCase();
    const last = name.slice(name.lastIndexOf(".") + 1);
    if (last === wanted || name === wanted) return 5;
    if (last.startsWith(wanted)) return 4;
    if (name.startsWith(wanted)) return 3;
    if (name.includes(wanted)) return 2;
    return entry[4].toLowerCase().includes(wanted) ? 1 : 0;
  }

  function find(text) {
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    if (words.length === 0) return [];
    return entries
      .map((entry) => [Math.min(...words.map((word) => score(entry, word))), entry])
      .filter(([points]) => points > 0)
      .sort((a, b) => b[0] - a[0] || a[1][0].length - b[1][0].length)
      .slice(0, 20)
      .map(([, entry]) => entry);
  }

  function part(line, tag, text, kind) {
    const element = document.createElement(tag);
    element.textContent = text;
    if (kind) element.className = kind;
    line.append(element, " ");
  }

  function show() {
    const found = find(box.value);
    marked = found.length > 0 ? 0 : -1;
    list.replaceChildren(
      ...found.map((entry) => {
        const item = document.createElement("li");
        const link = document.createElement("a");
        link.href = root + entry[3];
        part(link, "span", entry[1], "kind");
        part(link, "strong", entry[0]);
        part(link, "span", entry[2], "of");
        part(link, "small", entry[4]);
        item.append(link);
        return item;
      }),
    );
    if (found.length === 0 && box.value.trim() !== "") {
      const item = document.createElement("li");
      item.textContent = "nothing is called so";
      list.append(item);
    }
    list.hidden = box.value.trim() === "";
    mark();
  }

  function mark() {
    [...list.children].forEach((item, at) => item.classList.toggle("marked", at === marked));
    const item = list.children[marked];
    if (item) item.scrollIntoView({ block: "nearest" });
  }

  box.addEventListener("input", show);
  box.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && marked >= 0) {
      const count = list.children.length;
      marked = (marked + step + count) % count;
      mark();
      event.preventDefault();
    } else if (event.key === "Enter" && marked >= 0) {
      list.children[marked].querySelector("a").click();
      list.hidden = true;
    } else if (event.key === "Escape") {
      box.value = "";
      show();
      box.blur();
    }
  });
  document.addEventListener("keydown", (event) => {
    const writing = event.target instanceof HTMLInputElement;
    if (event.key === "/" && !writing && !event.ctrlKey && !event.metaKey) {
      box.focus();
      event.preventDefault();
    }
  });
  document.addEventListener("click", (event) => {
    if (!event.target.closest(".search")) list.hidden = true;
  });
})();
