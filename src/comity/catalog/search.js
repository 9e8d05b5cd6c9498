"use strict";
(() => {
  const ask = document.getElementById("ask"), found = document.getElementById("found");
  const count = document.getElementById("count"), most = 50;
  const fold = text => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase().replace(/[_.\-\/]+/g, " ").trim();
  // A column is named behind its record type, a field behind the list that it stands in.
  const entries = JSON.parse(document.getElementById("entries").textContent).map(
    ([kind, name, about, href]) => ({ kind, name, about, href, title: fold(name), last: fold(name.split(".").pop()), all: fold(name + " " + about) }));
  // The lower the nearer: the name itself, its beginning, a word of it, a part of it, what is said of it.
  const distance = (entry, asked, words) =>
    entry.title === asked || entry.last === asked ? 0
      : entry.title.startsWith(asked) ? 1
        : words.every(word => (" " + entry.title).includes(" " + word)) ? 2
          : words.every(word => entry.title.includes(word)) ? 3 : 4;
  const show = () => {
    const asked = fold(ask.value), words = asked.split(/\s+/).filter(Boolean);
    const hits = words.length === 0 ? [] : entries
      .filter(entry => words.every(word => entry.all.includes(word)))
      .map((entry, place) => ({ entry, place, far: distance(entry, asked, words) }))
      .sort((a, b) => a.far - b.far || a.place - b.place);
    found.replaceChildren(...hits.slice(0, most).map(({ entry }) => {
      const line = document.createElement("li"), link = document.createElement("a");
      const kind = document.createElement("small"), about = document.createElement("span");
      link.href = entry.href;
      link.textContent = entry.name;
      kind.textContent = entry.kind;
      about.textContent = entry.about.length > 200 ? entry.about.slice(0, 199) + "…" : entry.about;
      line.append(link, kind, about);
      return line;
    }));
    count.textContent = words.length === 0 ? ""
      : hits.length > most ? `${hits.length} found, the first ${most} are shown` : `${hits.length} found`;
  };
  const fromPlace = () => {
    const place = new URLSearchParams(location.hash.slice(1));
    if (place.has("q")) {
      ask.value = place.get("q");
      show();
    }
  };
  ask.addEventListener("input", () => {
    show();
    try {
      history.replaceState(null, "", ask.value ? "#" + new URLSearchParams({ q: ask.value }) : "#");
    } catch (refused) { /* some browsers keep the address of a file as it is */ }
  });
  addEventListener("hashchange", fromPlace);
  document.getElementById("search").hidden = false;
  fromPlace();
})();
