// SPDX-License-Identifier: Apache-2.0
//
// What people do: keys, pointers, search, the legend. Begins it all.

"use strict";

const byId = (id) => document.getElementById(id);
const tooltip = byId("tooltip");

// ---- Focus ----

function select(i) {
  view.selected = Math.max(-1, Math.min(i, eventCount - 1));
  view.hovered = -1;
  tooltip.hidden = true;
  if (view.selected >= 0) reveal(view.selected);
  updatePanel();
  announcement.textContent = view.selected < 0 ? "Nothing is selected."
    : `#${numberOf(view.selected)} at ${exactTime(timeOf(view.selected))}: ${textOf(view.selected)}`;
  requestDraw();
}

// Scrolls as little as it takes to have an event in sight, with some of what is around it.
function reveal(i) {
  const margin = Math.min(90, (view.height - HEADER) / 4);
  const y = yOf(i);
  if (y < HEADER + margin) view.scroll -= HEADER + margin - y;
  if (y > view.height - margin) view.scroll += y - (view.height - margin);
  const x = xOf(hostOf(i));
  if (x < view.lanesLeft + 20) view.scrollX -= view.lanesLeft + view.laneWidth / 2 - x;
  if (x > view.lanesRight - 20) view.scrollX += x - (view.lanesRight - view.laneWidth / 2);
  clampScroll();
}

// The next event that matches the search, from one on; -1 for none.
function step(from, by) {
  if (!search.active) return Math.max(0, Math.min(eventCount - 1, from + by));
  let i = from + by;
  while (i >= 0 && i < eventCount && search.isMatch[i] === 0) i += by;
  return i >= 0 && i < eventCount ? i : from;
}

function stepAndSelect(by) {
  if (eventCount === 0) return;
  if (view.selected < 0) {
    const inSight = Math.min(eventCount - 1, firstBelow(HEADER));
    select(by > 0 ? step(inSight - 1, 1) : step(Math.min(eventCount, inSight + 1), -1));
  } else {
    select(step(view.selected, by));
  }
}

// ---- Zoom ----

// Keeps what is at `y` where it is.
function zoomBy(factor, y = HEADER + (view.height - HEADER) / 2) {
  const at = (y - HEADER + view.scroll) / view.zoom;
  const least = Math.min(1, (view.height - HEADER) / lengthInUnits());
  view.zoom = Math.max(least, Math.min(view.byTime ? 4000 : 64, view.zoom * factor));
  view.scroll = at * view.zoom - (y - HEADER);
  clampScroll();
  requestDraw();
}

function zoomAtFocus(factor) {
  const y = view.selected < 0 ? undefined : yOf(view.selected);
  zoomBy(factor, y !== undefined && y > HEADER && y < view.height ? y : undefined);
}

function fit() {
  view.zoom = Math.min(40, (view.height - HEADER) / lengthInUnits());
  view.scroll = 0;
  clampScroll();
  requestDraw();
}

function toggleScale() {
  const focus = view.selected >= 0 ? view.selected : Math.min(eventCount - 1, firstBelow(HEADER));
  view.byTime = !view.byTime;
  byId("scale").setAttribute("aria-pressed", String(view.byTime));
  clampScroll();
  if (focus >= 0) reveal(focus);
  requestDraw();
}

// ---- Search ----

function searchChanged() {
  search.text = byId("search").value;
  search.host = Number(byId("host-filter").value);
  runSearch();
  showMatches();
  if (search.active && search.matches.length > 0 && !search.isMatch[view.selected]) {
    const next = search.matches.find((i) => i >= Math.max(0, view.selected));
    select(next === undefined ? search.matches[0] : next);
  }
  requestDraw();
}

function showMatches() {
  const count = search.matches.length;
  byId("matches").textContent = !search.active ? ""
    : count === 0 ? "no match" : count === 1 ? "1 match" : count + " matches";
}

function goToMatch(by) {
  if (search.matches.length === 0) return;
  const from = view.selected;
  const i = step(from, by);
  const around = by > 0 ? search.matches[0] : search.matches[search.matches.length - 1];
  select(i === from ? around : i);
}

// ---- The legend ----

function makeLegend() {
  const counts = new Map();
  for (const category of categories) counts.set(category, (counts.get(category) || 0) + 1);
  for (const category of CATEGORIES) {
    const count = counts.get(category.name);
    if (count === undefined) continue;
    const sample = make("canvas", {width: "32", height: "32", "data-category": category.name});
    const button = make(
      "button", {type: "button", "aria-pressed": "true", "data-category": category.name},
      sample, category.label, make("span", {class: "count"}, String(count)));
    button.addEventListener("click", () => {
      const hidden = search.hidden;
      if (hidden.has(category.name)) hidden.delete(category.name); else hidden.add(category.name);
      button.setAttribute("aria-pressed", String(!hidden.has(category.name)));
      searchChanged();
    });
    byId("legend").append(button);
  }
}

// The signs of the legend are drawn as those of the diagram are.
function drawLegend() {
  for (const sample of document.querySelectorAll("#legend canvas")) {
    const category = CATEGORIES.find((entry) => entry.name === sample.dataset.category);
    const own = sample.getContext("2d");
    own.setTransform(2, 0, 0, 2, 0, 0);
    own.clearRect(0, 0, 16, 16);
    own.strokeStyle = own.fillStyle = colours[category.name];
    drawSign(category.sign, 8, 8, 4.4, own);
  }
}

// ---- Keys ----

const keys = {
  ArrowDown: () => stepAndSelect(1),
  ArrowUp: () => stepAndSelect(-1),
  ArrowLeft: () => view.selected >= 0 && causeOf(view.selected) >= 0 && select(causeOf(view.selected)),
  ArrowRight: () => view.selected >= 0 && effectsOf(view.selected).length > 0 &&
    select(effectsOf(view.selected)[0]),
  Home: () => select(0),
  End: () => select(eventCount - 1),
  PageDown: () => scrollBy(0, view.height - HEADER - 40),
  PageUp: () => scrollBy(0, -(view.height - HEADER - 40)),
  "+": () => zoomAtFocus(1.3),
  "=": () => zoomAtFocus(1.3),
  "-": () => zoomAtFocus(1 / 1.3),
  "0": () => fit(),
  t: () => toggleScale(),
  n: () => goToMatch(1),
  N: () => goToMatch(-1),
  "/": () => byId("search").focus(),
  "?": () => byId("help").showModal(),
  Escape: () => escape(),
};

function escape() {
  if (search.active) {
    byId("search").value = "";
    byId("host-filter").value = "-1";
    search.hidden.clear();
    for (const button of document.querySelectorAll("#legend button")) {
      button.setAttribute("aria-pressed", "true");
    }
    searchChanged();
  } else {
    select(-1);
  }
}

function scrollBy(x, y) {
  view.scrollX += x;
  view.scroll += y;
  clampScroll();
  requestDraw();
}

document.addEventListener("keydown", (event) => {
  if (byId("help").open || event.ctrlKey || event.altKey || event.metaKey) return;
  const typing = event.target.matches("input, select");
  if (typing) {
    if (event.key === "Escape") {
      escape();
      canvas.focus();
    } else if (event.key === "Enter") {
      event.preventDefault();
      goToMatch(event.shiftKey ? -1 : 1);
    } else if (event.key === "ArrowDown" && event.target.matches("input")) {
      event.preventDefault();
      canvas.focus();
      stepAndSelect(1);
    }
    return;
  }
  // Scrolling the panel, and buttons, have their own use for some keys.
  const inPanel = panel.contains(event.target);
  if (inPanel && ["ArrowDown", "ArrowUp", "PageDown", "PageUp", "Home", "End"].includes(event.key)) return;
  const act = keys[event.key];
  if (act === undefined) return;
  event.preventDefault();
  act();
});

// ---- Pointers ----

const pointers = new Map();  // Those that are down, with where they are.
let moved = false;
let onOverview = false;
let spread = 0;

function placeIn(event) {
  const box = canvas.getBoundingClientRect();
  return {x: event.clientX - box.left, y: event.clientY - box.top};
}

function jumpTo(y) {
  const part = (y - HEADER) / (view.height - HEADER);
  view.scroll = part * lengthInUnits() * view.zoom - (view.height - HEADER) / 2;
  clampScroll();
  requestDraw();
}

canvas.addEventListener("pointerdown", (event) => {
  const place = placeIn(event);
  pointers.set(event.pointerId, place);
  canvas.setPointerCapture(event.pointerId);
  moved = false;
  spread = 0;
  onOverview = place.x > view.width - OVERVIEW;
  if (onOverview) jumpTo(place.y);
});

canvas.addEventListener("pointermove", (event) => {
  const place = placeIn(event);
  const before = pointers.get(event.pointerId);
  if (before === undefined) {
    hover(place);
    return;
  }
  if (onOverview) {
    jumpTo(place.y);
  } else if (pointers.size === 2) {
    pointers.set(event.pointerId, place);
    const [a, b] = [...pointers.values()];
    const now = Math.hypot(a.x - b.x, a.y - b.y);
    if (spread > 0) zoomBy(now / spread, (a.y + b.y) / 2);
    spread = now;
    moved = true;
    return;
  } else if (moved || Math.hypot(place.x - before.x, place.y - before.y) > 4) {
    moved = true;
    scrollBy(before.x - place.x, before.y - place.y);
  } else {
    return;
  }
  pointers.set(event.pointerId, place);
});

canvas.addEventListener("pointerup", (event) => {
  pointers.delete(event.pointerId);
  if (moved || onOverview) return;
  const place = placeIn(event);
  const i = eventAt(place.x, place.y);
  if (i >= 0 || event.pointerType === "mouse") select(i);
});
canvas.addEventListener("pointercancel", (event) => pointers.delete(event.pointerId));
canvas.addEventListener("pointerleave", () => hover({x: -1, y: -1}));

function hover(place) {
  const i = place.x < 0 ? -1 : eventAt(place.x, place.y);
  canvas.style.cursor = i >= 0 ? "pointer" : "default";
  const inSentences = view.textLeft > 0 && place.x > view.lanesRight;
  tooltip.hidden = i < 0 || inSentences;
  if (!tooltip.hidden) {
    tooltip.textContent = `#${numberOf(i)}  ${shortTime(timeOf(i))}  ${textOf(i)}`;
    const left = Math.min(place.x + 16, view.width - tooltip.offsetWidth - 8);
    const below = place.y + 20 + tooltip.offsetHeight < view.height;
    tooltip.style.left = Math.max(4, left) + "px";
    tooltip.style.top = (below ? place.y + 18 : place.y - tooltip.offsetHeight - 12) + "px";
  }
  if (i === view.hovered) return;
  view.hovered = i;
  updatePanel();
  requestDraw();
}

canvas.addEventListener("wheel", (event) => {
  event.preventDefault();
  const unit = event.deltaMode === 1 ? 18 : 1;
  if (event.ctrlKey) {
    zoomBy(Math.exp(-event.deltaY * unit * 0.003), placeIn(event).y);
  } else {
    const sideways = event.shiftKey && event.deltaX === 0;
    scrollBy((sideways ? event.deltaY : event.deltaX) * unit, (sideways ? 0 : event.deltaY) * unit);
  }
  hover(placeIn(event));
}, {passive: false});

// ---- The rest ----

byId("search-form").addEventListener("submit", (event) => event.preventDefault());
byId("search").addEventListener("input", searchChanged);
byId("host-filter").addEventListener("change", searchChanged);
byId("previous").addEventListener("click", () => goToMatch(-1));
byId("next").addEventListener("click", () => goToMatch(1));
byId("zoom-in").addEventListener("click", () => zoomAtFocus(1.3));
byId("zoom-out").addEventListener("click", () => zoomAtFocus(1 / 1.3));
byId("fit").addEventListener("click", fit);
byId("scale").addEventListener("click", toggleScale);
byId("help-button").addEventListener("click", () => byId("help").showModal());

(function begin() {
  byId("title").textContent = run.title;
  byId("summary").textContent = run.subtitle;
  byId("host-filter").append(make("option", {value: "-1"}, "all hosts"));
  run.hosts.forEach((host, number) => byId("host-filter").append(
    make("option", {value: String(number)}, host.name)));
  makeLegend();
  const repaint = () => {
    readColours();
    layOut();
    if (view.selected >= 0) reveal(view.selected);
    drawLegend();
    draw();
  };
  repaint();
  window.addEventListener("resize", repaint);
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", repaint);
  // "#17" in the address leads to an event.
  const wanted = Number(location.hash.slice(1)) - run.first;
  if (location.hash !== "" && wanted >= 0 && wanted < eventCount) select(wanted);
  updatePanel();
  draw();
  // For scripts, and for tests of this page.
  window.polluxViewer = {
    run, view, draw, select,
    positionOf: (number) => ({x: xOf(hostOf(number - run.first)), y: yOf(number - run.first)}),
    loaded: performance.now(),
  };
})();
