// SPDX-License-Identifier: Apache-2.0
//
// The space-time diagram: hosts are vertical lines, time goes down, datagrams are arrows. Only what
// is in sight is drawn, so that a frame takes the same time however long the run is.

"use strict";

// ---- Drawing ----

let frameWanted = false;
function requestDraw() {
  if (frameWanted) return;
  frameWanted = true;
  requestAnimationFrame(() => {
    frameWanted = false;
    draw();
  });
}

function draw() {
  layOutLanes();
  const first = firstBelow(HEADER - view.zoom);
  const last = firstBelow(view.height + view.zoom) - 1;
  pen.globalAlpha = 1;
  pen.fillStyle = colours.paper;
  pen.fillRect(0, 0, view.width, view.height);
  pen.save();
  pen.beginPath();
  pen.rect(0, HEADER, view.width - OVERVIEW, view.height - HEADER);
  pen.clip();
  drawFocus();
  drawGaps(first, last);
  pen.save();
  pen.beginPath();
  pen.rect(view.lanesLeft, HEADER, view.lanesRight - view.lanesLeft, view.height);
  pen.clip();
  drawLanes();
  if (isFar()) drawFarJoints(first, last); else drawJoints(first, last);
  drawChain();
  drawSigns(first, last);
  pen.restore();
  drawTimes(first, last);
  drawSentences(first, last);
  pen.restore();
  drawHeader();
  drawOverview();
}

function drawFocus() {
  for (const [i, colour] of [[view.hovered, colours.faint], [view.selected, colours.raised]]) {
    if (i < 0) continue;
    pen.fillStyle = colour;
    const height = Math.max(4, Math.min(view.zoom, 24));
    pen.fillRect(0, yOf(i) - height / 2, view.width, height);
  }
}

function drawGaps(first, last) {
  if (view.byTime || view.zoom < 7) return;
  pen.font = "11px " + FONT;
  pen.textBaseline = "middle";
  for (const gap of gaps) {
    if (gap.before < first || gap.before > last + 1) continue;
    const y = yOf(gap.before) - 1.5 * view.zoom;
    pen.strokeStyle = colours.faint;
    pen.setLineDash([2, 5]);
    line(view.gutter, y, view.width - OVERVIEW, y);
    pen.setLineDash([]);
    if (view.zoom < TEXT_ROW_MIN) continue;
    pen.fillStyle = colours.soft;
    pen.textAlign = "right";
    pen.fillText("+ " + shortTime(gap.time), view.gutter - 12, y);
  }
}

const FONT = "ui-sans-serif, system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif";
const MONO = "ui-monospace, 'SF Mono', Menlo, Consolas, 'DejaVu Sans Mono', monospace";

function line(x1, y1, x2, y2) {
  pen.beginPath();
  pen.moveTo(x1, y1);
  pen.lineTo(x2, y2);
  pen.stroke();
}

function drawLanes() {
  run.hosts.forEach((_, host) => {
    const x = xOf(host);
    pen.strokeStyle = colours.lane;
    pen.lineWidth = 1.5;
    line(x, HEADER, x, view.height);
    for (const outage of outages[host]) {
      const top = Math.max(HEADER, yOf(outage.from));
      const bottom = outage.to < 0 ? view.height : Math.min(view.height, yOf(outage.to));
      if (top >= bottom) continue;
      // A host that is down is dotted, one whose program is paused dashed.
      pen.strokeStyle = colours.paper;
      pen.lineWidth = 4;
      line(x, top, x, bottom);
      pen.strokeStyle = colours.fault;
      pen.lineWidth = outage.down ? 1 : 2.5;
      pen.setLineDash(outage.down ? [1, 6] : [6, 4]);
      line(x, top, x, bottom);
      pen.setLineDash([]);
    }
  });
  pen.lineWidth = 1;
}

// The path of a joint, from the cause to the event; with an arrow's head where there is room.
function traceJoint(i) {
  const cause = causeOf(i);
  const x1 = xOf(hostOf(cause));
  const y1 = yOf(cause);
  const x2 = xOf(hostOf(i));
  const y2 = yOf(i);
  pen.beginPath();
  pen.moveTo(x1, y1);
  switch (joints[i]) {
    case "flight":
      pen.lineTo(x2, y2);
      break;
    case "stub": {
      const end = stubEnd(i);
      pen.lineTo(end.x, end.y);
      return;
    }
    case "loop": {
      const reach = Math.min(view.laneWidth * 0.3, 26);
      pen.bezierCurveTo(x1 + reach, y1, x2 + reach, y2, x2, y2);
      break;
    }
    case "thread":
      pen.lineTo(x2, y2);
      return;
  }
  if (view.zoom < 6) return;
  const from = joints[i] === "loop" ? {x: x2 + 12, y: y2 - 3} : {x: x1, y: y1};
  const angle = Math.atan2(y2 - from.y, x2 - from.x);
  const tip = {x: x2 - 5 * Math.cos(angle), y: y2 - 5 * Math.sin(angle)};
  for (const turn of [-0.42, 0.42]) {
    pen.moveTo(tip.x, tip.y);
    pen.lineTo(tip.x - 8 * Math.cos(angle + turn), tip.y - 8 * Math.sin(angle + turn));
  }
}

function isDim(i) {
  return search.active && search.isMatch[i] === 0;
}

function eachJoint(first, last, visit) {
  for (let i = first; i < eventCount && (i <= last || earliestCause[i] <= last); ++i) {
    const cause = causeOf(i);
    if (joints[i] !== "" && cause <= last) visit(i);
  }
}

function drawJoints(first, last) {
  pen.lineWidth = view.zoom < 6 ? 0.7 : 1.4;
  eachJoint(first, last, (i) => {
    pen.globalAlpha = isDim(i) ? 0.1 : joints[i] === "thread" ? 0.55 : 0.9;
    pen.strokeStyle = colours[arrowCategories[i]];
    traceJoint(i);
    pen.stroke();
  });
  pen.globalAlpha = 1;
}

// From so far away that arrows lie upon each other, one is drawn for all that look the same, in two
// passes: what is usual first, and pale, so that it does not hide the rest.
const isFar = () => view.zoom < 3;

function drawFarJoints(first, last) {
  const passes = [[], []];
  const seen = new Set();
  eachJoint(first, last, (i) => {
    const usual = arrowCategories[i] === "delivered" || arrowCategories[i] === "sent";
    if (usual && joints[i] !== "flight") return;
    const row = Math.round(yOf(i) / 2);
    const look = ((row * 64 + hostOf(i)) * 64 + hostOf(causeOf(i))) * 16 + (usual ? 0 : 1);
    if (seen.has(look) && !search.active) return;
    seen.add(look);
    if (!isDim(i)) passes[usual ? 0 : 1].push(i);
  });
  passes.forEach((list, pass) => {
    pen.lineWidth = pass === 0 ? 0.6 : 1.2;
    pen.globalAlpha = pass === 0 ? Math.max(0.12, Math.min(0.5, view.zoom / 2)) : 0.9;
    for (const i of list) {
      pen.strokeStyle = colours[arrowCategories[i]];
      traceJoint(i);
      pen.stroke();
    }
  });
  pen.globalAlpha = 1;
}

// Why the event in focus happened: its chain of causes, and what happened because of it.
function drawChain() {
  const focus = view.hovered >= 0 ? view.hovered : view.selected;
  if (focus < 0) return;
  pen.lineCap = "round";
  pen.strokeStyle = colours.accent;
  pen.globalAlpha = 0.3;
  pen.lineWidth = 8;
  for (const i of chainOf(focus).concat(effectsOf(focus).slice(0, 200))) {
    if (joints[i] === "") continue;
    traceJoint(i);
    pen.stroke();
  }
  pen.globalAlpha = 1;
  pen.lineCap = "butt";
}

const signs = Object.fromEntries(CATEGORIES.map((category) => [category.name, category.sign]));

function drawSigns(first, last) {
  const size = Math.max(1.2, Math.min(5, view.zoom * 0.28));
  const far = isFar();
  for (let i = first; i <= last; ++i) {
    const category = categories[i];
    if (far && (category === "sent" || category === "delivered" || isDim(i))) continue;
    pen.globalAlpha = isDim(i) ? 0.12 : 1;
    pen.strokeStyle = pen.fillStyle = colours[category];
    const end = joints[i] === "stub" ? stubEnd(i) : {x: xOf(hostOf(i)), y: yOf(i)};
    if (far) pen.fillRect(end.x - 1.5, end.y - 1.5, 3, 3);
    else drawSign(signs[category], end.x, end.y, size);
  }
  pen.globalAlpha = 1;
  const focus = view.selected;
  if (focus < 0) return;
  const at = joints[focus] === "stub" ? stubEnd(focus) : {x: xOf(hostOf(focus)), y: yOf(focus)};
  pen.strokeStyle = colours.accent;
  pen.lineWidth = 2;
  pen.beginPath();
  pen.arc(at.x, at.y, size + 5, 0, 7);
  pen.stroke();
}

function drawSign(sign, x, y, size, pen = diagramPen) {
  pen.lineWidth = Math.max(0.8, size * 0.42);
  pen.beginPath();
  switch (sign) {
    case "dot":
      pen.arc(x, y, size * 0.8, 0, 7);
      pen.fill();
      return;
    case "ring":
      pen.arc(x, y, size * 0.85, 0, 7);
      pen.save();
      pen.fillStyle = colours.paper;
      pen.fill();
      pen.restore();
      break;
    case "cross":
      pen.moveTo(x - size, y - size);
      pen.lineTo(x + size, y + size);
      pen.moveTo(x + size, y - size);
      pen.lineTo(x - size, y + size);
      break;
    case "bar":
      pen.moveTo(x - size * 1.3, y + size);
      pen.lineTo(x + size * 1.3, y + size);
      pen.moveTo(x, y - size);
      pen.lineTo(x, y + size);
      break;
    case "bolt":
      pen.moveTo(x + size * 0.5, y - size * 1.2);
      pen.lineTo(x - size * 0.6, y + size * 0.2);
      pen.lineTo(x + size * 0.6, y - size * 0.1);
      pen.lineTo(x - size * 0.5, y + size * 1.3);
      break;
    case "twin":
      pen.arc(x - size * 0.6, y, size * 0.6, 0, 7);
      pen.moveTo(x + size * 1.4, y);
      pen.arc(x + size * 0.8, y, size * 0.6, 0, 7);
      break;
    case "chevron":
      for (const shift of [-0.7, 0.5]) {
        pen.moveTo(x + size * shift, y - size);
        pen.lineTo(x + size * (shift + 0.8), y);
        pen.lineTo(x + size * shift, y + size);
      }
      break;
    case "square":
      pen.rect(x - size * 0.8, y - size * 0.8, size * 1.6, size * 1.6);
      pen.fill();
      return;
    case "flag":
      pen.moveTo(x, y + size * 1.3);
      pen.lineTo(x, y - size * 1.3);
      pen.lineTo(x + size * 1.8, y - size * 0.6);
      pen.lineTo(x, y);
      break;
  }
  pen.stroke();
}

function drawTimes(first, last) {
  if (!showsText()) {
    drawSparseTimes(first, last);
    return;
  }
  pen.font = "11px " + MONO;
  pen.textAlign = "right";
  pen.textBaseline = "middle";
  let bottom = -1;
  for (let i = first; i <= last; ++i) {
    const again = i > 0 && timeOf(i) === timeOf(i - 1) && i > first;
    const y = yOf(i);
    if (again || y - bottom < TEXT_ROW_MIN) continue;
    pen.fillStyle = colours.soft;
    pen.fillText(gutterTime(timeOf(i)), view.gutter - 12, y);
    bottom = y;
  }
}

// In a view from far away: a time now and then.
function drawSparseTimes(first, last) {
  pen.font = "11px " + MONO;
  pen.textAlign = "right";
  pen.textBaseline = "middle";
  pen.fillStyle = colours.soft;
  for (let y = HEADER + 14; y < view.height; y += 48) {
    const i = Math.min(last, firstBelow(y));
    if (i >= first && i >= 0) pen.fillText(gutterTime(timeOf(i)), view.gutter - 12, y);
  }
}

// Seconds with as many digits as the gutter has room for.
function gutterTime(nanoseconds) {
  const exact = exactTime(nanoseconds).slice(0, -2).replace(/0{1,6}$/, "");
  return view.gutter > 80 ? exact.slice(0, 13) : exact.slice(0, 8);
}

function drawSentences(first, last) {
  if (view.textLeft === 0) return;
  pen.save();
  pen.beginPath();
  pen.rect(view.textLeft - 6, HEADER, view.width - OVERVIEW - view.textLeft, view.height);
  pen.clip();
  pen.textAlign = "left";
  pen.textBaseline = "middle";
  const room = view.width - OVERVIEW - view.textLeft - 12;
  let bottom = -1e9;
  for (let i = first; i <= last; ++i) {
    const y = yOf(i);
    if (y - bottom < TEXT_ROW_MIN) continue;
    bottom = y;
    pen.globalAlpha = isDim(i) ? 0.3 : 1;
    pen.fillStyle = colours[categories[i]];
    pen.fillRect(view.textLeft - 6, y - 5, 3, 10);
    const plain = categories[i] === "sent" || categories[i] === "delivered";
    pen.fillStyle = plain ? colours.ink : colours[categories[i]];
    pen.font = (i === view.selected ? "600 " : "") + "12px " + FONT;
    pen.fillText(fitted(shortTextOf(i), room), view.textLeft + 4, y);
  }
  pen.restore();
}

// As much of a text as fits.
function fitted(text, width) {
  if (pen.measureText(text).width <= width) return text;
  let low = 1;
  let high = text.length;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (pen.measureText(text.slice(0, middle) + "…").width <= width) low = middle; else high = middle - 1;
  }
  return text.slice(0, low) + "…";
}

function drawHeader() {
  pen.fillStyle = colours.paper;
  pen.fillRect(0, 0, view.width, HEADER);
  pen.strokeStyle = colours.faint;
  pen.lineWidth = 1;
  line(0, HEADER - 0.5, view.width, HEADER - 0.5);
  pen.textBaseline = "alphabetic";
  pen.fillStyle = colours.soft;
  pen.font = "11px " + FONT;
  pen.textAlign = "right";
  pen.fillText("time in s", view.gutter - 12, 36);
  if (view.textLeft > 0) {
    pen.textAlign = "left";
    pen.fillText("event", view.textLeft + 4, 36);
  }
  pen.save();
  pen.beginPath();
  pen.rect(view.lanesLeft, 0, view.lanesRight - view.lanesLeft, HEADER);
  pen.clip();
  pen.textAlign = "center";
  run.hosts.forEach((host, number) => {
    const x = xOf(number);
    if (x < view.lanesLeft - view.laneWidth || x > view.lanesRight + view.laneWidth) return;
    pen.fillStyle = search.host === number ? colours.accent : colours.ink;
    pen.font = "600 13px " + FONT;
    pen.fillText(fitted(host.name, view.laneWidth - 10), x, 24);
    pen.fillStyle = colours.soft;
    pen.font = "11px " + FONT;
    pen.fillText(fitted(host.address || host.platform, view.laneWidth - 10), x, 40);
  });
  pen.restore();
}

// The whole run at the right edge: where the remarkable events are, and what is in sight.
function drawOverview() {
  const left = view.width - OVERVIEW;
  const height = view.height - HEADER;
  pen.fillStyle = colours.raised;
  pen.fillRect(left, HEADER, OVERVIEW, height);
  const length = lengthInUnits();
  const marked = search.active ? search.matches : remarkable;
  const drawn = new Set();
  for (const i of marked) {
    const y = HEADER + Math.floor(units()[i] / length * height);
    const category = categories[i];
    if (drawn.has(y + category)) continue;
    drawn.add(y + category);
    pen.fillStyle = colours[category];
    pen.fillRect(left + 4, y, OVERVIEW - 8, 1.5);
  }
  const top = HEADER + view.scroll / view.zoom / length * height;
  const size = Math.max(14, height * Math.min(1, height / (length * view.zoom)));
  pen.strokeStyle = colours.accent;
  pen.lineWidth = 1.5;
  pen.strokeRect(left + 1.5, Math.min(top, view.height - size) + 1, OVERVIEW - 3, size - 2);
}

const remarkable = categories.map((_, i) => i)
  .filter((i) => categories[i] !== "sent" && categories[i] !== "delivered");
