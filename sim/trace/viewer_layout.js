// SPDX-License-Identifier: Apache-2.0
//
// Where everything is on the canvas: events along the axis of time, hosts beside each other, and the
// way back from a place to the event there.

"use strict";

const canvas = document.getElementById("diagram");
const pen = canvas.getContext("2d");
const diagramPen = pen;

const HEADER = 54;        // The strip with the names of the hosts.
const OVERVIEW = 18;      // The strip at the right edge: the whole run.
const TEXT_ROW_MIN = 13;  // Rows below this height have no room for text.

const view = {
  width: 0, height: 0,      // Of the canvas, in CSS pixels.
  gutter: 104,              // The column of times.
  laneWidth: 0, lanesLeft: 0, lanesRight: 0,
  textLeft: 0,              // Where the sentences begin; 0: there is no room for them.
  scroll: 0, scrollX: 0,    // In pixels.
  zoom: 22,                 // Pixels for each unit of `units`.
  byTime: false,
  selected: -1, hovered: -1,
};

// ---- Where events are ----

// Places along the time axis. "steps": one row for each event, and more room where time passes, so
// that nothing overlaps. "time": in proportion to time.
const steps = new Float64Array(eventCount);
const gaps = [];  // Rows before which much time passes.
const times = new Float64Array(eventCount);

(function place() {
  const passed = [];
  for (let i = 1; i < eventCount; ++i) {
    if (timeOf(i) > timeOf(i - 1)) passed.push(timeOf(i) - timeOf(i - 1));
  }
  passed.sort((a, b) => a - b);
  const usual = passed.length === 0 ? 1 : passed[passed.length >> 1];
  let at = 0.8;
  for (let i = 0; i < eventCount; ++i) {
    const step = i === 0 ? 0 : timeOf(i) - timeOf(i - 1);
    if (step > 8 * usual) {
      gaps.push({before: i, time: step});
      at += 1.6;
    } else if (step > 0) {
      at += 0.5;
    }
    steps[i] = at;
    at += 1;
  }
  const begin = eventCount === 0 ? 0 : timeOf(0);
  const span = eventCount === 0 ? 1 : Math.max(1, timeOf(eventCount - 1) - begin);
  for (let i = 0; i < eventCount; ++i) times[i] = 0.8 + (timeOf(i) - begin) / span * eventCount;
})();

const units = () => view.byTime ? times : steps;
const lengthInUnits = () => eventCount === 0 ? 1 : units()[eventCount - 1] + 1.5;
const yOf = (i) => HEADER + units()[i] * view.zoom - view.scroll;
const xOf = (host) => view.lanesLeft + (host + 0.5) * view.laneWidth - view.scrollX;

// The first event at or below a place on the canvas.
function firstBelow(y) {
  const wanted = (y - HEADER + view.scroll) / view.zoom;
  let low = 0;
  let high = eventCount;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (units()[middle] < wanted) low = middle + 1; else high = middle;
  }
  return low;
}

// The smallest cause of all events from one on: past where it is out of sight, no arrow comes back.
const earliestCause = new Int32Array(eventCount + 1).fill(eventCount);
for (let i = eventCount - 1; i >= 0; --i) {
  const cause = causeOf(i);
  earliestCause[i] = Math.min(earliestCause[i + 1], cause < 0 ? i : cause);
}

// How an event is joined to its cause. "flight": an arrow from host to host; "stub": one that ends
// on its way; "loop": to the host itself; "thread": along the host's line; "": not at all.
function jointOf(i) {
  const cause = causeOf(i);
  const category = categories[i];
  if (cause < 0) return "";
  // Lost, or dropped by a link: on its way to a host where it never came.
  if (category === "lost" || (category === "dropped" && run.events[i][EVENT.target] >= 0)) return "stub";
  if (hostOf(cause) !== hostOf(i)) return "flight";
  const arrives = kindOf(i) === "delivered" || kindOf(i) === "dropped";
  return arrives && timeOf(cause) <= timeOf(i) && kindOf(cause) !== "dropped" ? "loop" : "thread";
}
const joints = Array.from({length: eventCount}, (_, i) => jointOf(i));

// The colour of an arrow: what is remarkable about the way, or else about its end.
const arrowCategories = categories.map((category, i) => {
  if (joints[i] !== "flight" && joints[i] !== "loop") return category;
  for (let at = causeOf(i); at >= 0; at = causeOf(at)) {
    if (["corrupted", "overtook", "duplicated"].includes(categories[at])) return categories[at];
    if (kindOf(at) === "sent") break;
  }
  const packet = packetOf(i);
  if (category === "dropped") return category;
  return packet !== null && packet[PACKET.icmp] !== "" ? "icmp" : "delivered";
});

// ---- Colours and layout ----

let colours = {};
function readColours() {
  const style = getComputedStyle(document.documentElement);
  const names = CATEGORIES.map((category) => category.name)
    .concat(["ink", "soft", "faint", "paper", "raised", "accent", "lane"]);
  colours = Object.fromEntries(
    names.map((name) => [name, style.getPropertyValue("--" + name).trim()]));
}

function layOut() {
  const box = canvas.getBoundingClientRect();
  const scale = window.devicePixelRatio || 1;
  view.width = Math.max(1, box.width);
  view.height = Math.max(1, box.height);
  canvas.width = Math.round(view.width * scale);
  canvas.height = Math.round(view.height * scale);
  pen.setTransform(scale, 0, 0, scale, 0, 0);
  layOutLanes();
  clampScroll();
}

// From far away there are no sentences, and the hosts have all the room.
const showsText = () => view.byTime || view.zoom >= TEXT_ROW_MIN;

function layOutLanes() {
  const wide = view.width > 720;
  view.gutter = wide ? 104 : 66;
  view.lanesLeft = view.gutter;
  const room = view.width - view.gutter - OVERVIEW;
  const sentences = wide && showsText() ? Math.min(500, room * 0.5) : 0;
  const hosts = Math.max(1, run.hosts.length);
  const least = wide ? 84 : 64;
  view.laneWidth = Math.max(least, Math.min(wide ? 240 : 200, (room - sentences) / hosts));
  view.lanesRight = Math.min(view.lanesLeft + view.laneWidth * hosts,
                             view.lanesLeft + Math.max(room - sentences, least));
  view.textLeft = sentences > 0 ? view.lanesRight + 14 : 0;
}

function clampScroll() {
  const length = lengthInUnits() * view.zoom;
  view.scroll = Math.max(0, Math.min(view.scroll, length - (view.height - HEADER)));
  const width = run.hosts.length * view.laneWidth;
  view.scrollX = Math.max(0, Math.min(view.scrollX, width - (view.lanesRight - view.lanesLeft)));
}

// Where what is lost is last seen: about half the way to whom it was for, between two hosts.
function stubEnd(i) {
  const cause = causeOf(i);
  const from = hostOf(i);
  const target = run.events[i][EVENT.target];
  const x = xOf(from);
  const lanes = target < 0 || target === from ? 1 : target - from;
  const reach = Math.sign(lanes) * (Math.floor(Math.abs(lanes) / 2) + 0.5) * view.laneWidth;
  const y = yOf(i);
  return {x: x + reach, y: cause >= 0 && yOf(cause) === y ? y + Math.min(8, view.zoom) : y};
}

// ---- What is where ----

// The event at a place on the canvas; -1 for none.
function eventAt(x, y) {
  if (y < HEADER || x > view.width - OVERVIEW || eventCount === 0) return -1;
  const reach = Math.max(view.zoom, 14);
  const first = firstBelow(y - reach);
  const last = firstBelow(y + reach) - 1;
  if (x < view.lanesLeft || x > view.lanesRight) {
    let nearest = -1;
    for (let i = first; i <= last; ++i) {
      if (nearest < 0 || Math.abs(yOf(i) - y) < Math.abs(yOf(nearest) - y)) nearest = i;
    }
    return nearest;
  }
  let best = -1;
  let distance = 11;
  for (let i = first; i <= last; ++i) {
    const end = joints[i] === "stub" ? stubEnd(i) : {x: xOf(hostOf(i)), y: yOf(i)};
    const away = Math.hypot(end.x - x, end.y - y);
    if (away < distance) [best, distance] = [i, away];
  }
  if (best >= 0) return best;
  distance = 6;
  eachJoint(firstBelow(HEADER), firstBelow(view.height) - 1, (i) => {
    const cause = causeOf(i);
    const end = joints[i] === "stub" ? stubEnd(i) : {x: xOf(hostOf(i)), y: yOf(i)};
    const away = toSegment(x, y, xOf(hostOf(cause)), yOf(cause), end.x, end.y);
    if (away < distance) [best, distance] = [i, away];
  });
  return best;
}

function toSegment(x, y, x1, y1, x2, y2) {
  const length = (x2 - x1) ** 2 + (y2 - y1) ** 2;
  const part = length === 0 ? 0 : ((x - x1) * (x2 - x1) + (y - y1) * (y2 - y1)) / length;
  const at = Math.max(0, Math.min(1, part));
  return Math.hypot(x1 + at * (x2 - x1) - x, y1 + at * (y2 - y1) - y);
}
