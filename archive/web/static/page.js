"use strict";
// All of it is comfort: every page reads and works without it.
(() => {
  const q = document.getElementById("q");
  const main = document.getElementById("main");

  // A part of a page from this server, as elements. Null when it could not be had.
  async function part(address, signal) {
    try {
      const answer = await fetch(address, { signal, credentials: "same-origin" });
      if (!answer.ok) return null;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      return [...page.body.childNodes];
    } catch {
      return null;
    }
  }

  // --- search while it is typed
  const results = document.getElementById("results");
  let asked = null;
  let waiting = 0;

  async function search() {
    asked?.abort();
    asked = new AbortController();
    const mine = asked;
    const address = new URL("/search", location.origin);
    const query = q.value.trim();
    if (query) address.searchParams.set("q", query);
    for (const name of ["sort", "fold"]) {
      const value = new URLSearchParams(location.search).get(name);
      if (value) address.searchParams.set(name, value);
    }
    const shown = address.pathname + address.search;
    address.searchParams.set("part", "1");
    const found = await part(address, mine.signal);
    if (!found || mine !== asked) return;
    results.replaceChildren(...found);
    history.replaceState(null, "", shown);
    document.querySelector("link[rel=alternate] + link[rel=alternate]")?.remove();
    document.title = document.title.replace(/^.* · /, (query || q.placeholder) + " · ");
    const bars = document.getElementById("years");
    if (!bars || !query) return;
    const years = await part("/search/years?q=" + encodeURIComponent(query), mine.signal);
    if (years && mine === asked) bars.replaceChildren(...years);
  }

  if (results) {
    q.addEventListener("input", (event) => {
      if (event.isComposing) return; // an input method is still choosing characters
      clearTimeout(waiting);
      waiting = setTimeout(search, 120);
    });
    q.addEventListener("compositionend", search);
    q.form.addEventListener("submit", (event) => {
      event.preventDefault();
      clearTimeout(waiting);
      search();
    });
  }

  // --- parts that a page is quicker without
  const late = new IntersectionObserver((seen) => {
    for (const { isIntersecting, target } of seen) {
      if (!isIntersecting) continue;
      late.unobserve(target);
      part(target.dataset.part).then((found) => found && target.append(...found));
    }
  });
  for (const one of document.querySelectorAll("[data-part]")) late.observe(one);

  // --- keys
  const titles = () => [...main.querySelectorAll("a.title")];

  function step(way) {
    const all = titles();
    if (!all.length) {
      const neighbour = document.querySelector(way > 0 ? "link[rel=next]" : "link[rel=prev]");
      if (neighbour) location.assign(neighbour.href);
      return;
    }
    const at = all.indexOf(document.activeElement);
    const next = at < 0 ? (way > 0 ? 0 : all.length - 1) : at + way;
    if (next >= all.length) return document.querySelector("a[rel=next]")?.focus();
    all[Math.max(0, next)].focus();
  }

  const mayChange = !("readOnly" in document.body.dataset); // else serve --read-only

  // `what` is star or read: turned on or off.
  async function turn(what, key) {
    const answer = await fetch(`/articles/${key}/${what}`, { method: "POST", headers: { accept: "application/json" } });
    if (!answer.ok) return;
    const { title, ...said } = await answer.json();
    const [[mark, on]] = Object.entries(said);
    for (const button of document.querySelectorAll(`.${what} button`)) {
      button.setAttribute("aria-pressed", String(on));
      button.textContent = title;
    }
    for (const one of document.querySelectorAll(`.entry[data-key="${key}"]`)) one.classList.toggle(mark, on);
  }

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    const typing = event.target.closest?.("input, textarea, select");
    if (event.key === "Escape" && typing) return typing.blur();
    if (typing || document.querySelector("dialog[open]")) return;
    const key = document.activeElement?.closest?.("[data-key]")?.dataset.key ?? main.querySelector(".sheet")?.dataset.key;
    const does = {
      "/": () => { q?.focus(); q?.select(); },
      "?": () => { const keys = document.querySelector(".keys"); if (keys) keys.classList.toggle("near", (keys.open = !keys.open)); },
      j: () => step(1),
      k: () => step(-1),
      o: () => document.activeElement?.matches?.("a.title") && document.activeElement.click(),
      s: () => key && mayChange && turn("star", key),
      r: () => key && mayChange && turn("read", key),
    }[event.key];
    if (!does) return;
    event.preventDefault();
    does();
  });

  // --- pictures, larger
  main.addEventListener("click", (event) => {
    const picture = event.target.closest?.(".body img");
    if (!picture || picture.closest("a")) return;
    const dialog = document.createElement("dialog");
    dialog.className = "zoom";
    const large = new Image();
    large.src = picture.currentSrc || picture.src;
    large.alt = picture.alt;
    dialog.append(large);
    dialog.addEventListener("click", () => dialog.close());
    dialog.addEventListener("close", () => dialog.remove());
    document.body.append(dialog);
    dialog.showModal();
  });

  // --- a graph that is wider than the screen begins at its middle, not at an end of it
  for (const wide of document.querySelectorAll(".graph .wide")) {
    const middle = wide.querySelector(".sign.large")?.getBoundingClientRect();
    if (middle) wide.scrollLeft += middle.x + middle.width / 2 - innerWidth / 2;
  }

  // --- what is going on now
  const live = document.querySelectorAll("[data-live]");
  if (live.length) {
    let due = 0;
    const renew = () => {
      for (const one of document.querySelectorAll("[data-live]"))
        part(one.dataset.live).then((found) => found && one.replaceChildren(...found));
    };
    const events = new EventSource("/events");
    events.onmessage = () => {
      clearTimeout(due);
      due = setTimeout(renew, 80);
    };
    addEventListener("pagehide", () => events.close());
  }
})();
