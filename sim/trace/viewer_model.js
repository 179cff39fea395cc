// SPDX-License-Identifier: Apache-2.0
//
// What the run was: the data of the page, and what can be asked of it. An event is named by its
// place in `run.events` from here on; people see its number, which begins at `run.first`.

"use strict";

const run = JSON.parse(document.getElementById("run").textContent);

// What is where in an entry of `run.events`, and of `run.packets`.
const EVENT = {time: 0, kind: 1, host: 2, interface: 3, packet: 4, because: 5, reason: 6, target: 7};
const PACKET = {origin: 0, id: 1, source: 2, destination: 3, size: 4, icmp: 5, bytes: 6, header: 7, fragment: 8};

const eventCount = run.events.length;

// What people tell apart at a glance. Each has a colour (--NAME in the style sheet) and a sign.
const CATEGORIES = [
  {name: "sent", label: "sent", sign: "dot"},
  {name: "delivered", label: "delivered", sign: "ring"},
  {name: "lost", label: "lost", sign: "cross"},
  {name: "dropped", label: "dropped", sign: "bar"},
  {name: "corrupted", label: "corrupted", sign: "bolt"},
  {name: "duplicated", label: "duplicated", sign: "twin"},
  {name: "overtook", label: "overtaking", sign: "chevron"},
  {name: "icmp", label: "ICMP error", sign: "square"},
  {name: "fault", label: "crash, pause, fault", sign: "flag"},
  {name: "other", label: "other", sign: "dot"},
];
const categoryNames = new Set(CATEGORIES.map((category) => category.name));

const kindOf = (i) => run.kinds[run.events[i][EVENT.kind]];
const timeOf = (i) => run.events[i][EVENT.time];
const hostOf = (i) => run.events[i][EVENT.host];
const numberOf = (i) => run.first + i;
const packetOf = (i) => {
  const number = run.events[i][EVENT.packet];
  return number < 0 ? null : run.packets[number];
};

// The event that it happened because of; -1 for none.
function causeOf(i) {
  const cause = run.events[i][EVENT.because] - run.first;
  return cause >= 0 && cause < i ? cause : -1;
}

// The event, its cause, and so on back to the first.
function chainOf(i) {
  const chain = [];
  for (let at = i; at >= 0; at = causeOf(at)) chain.push(at);
  return chain;
}

const effects = new Map();
for (let i = 0; i < eventCount; ++i) {
  const cause = causeOf(i);
  if (cause < 0) continue;
  if (!effects.has(cause)) effects.set(cause, []);
  effects.get(cause).push(i);
}
const effectsOf = (i) => effects.get(i) || [];

function categoryOf(i) {
  const kind = kindOf(i);
  const packet = packetOf(i);
  if (packet === null) return "fault";
  if (packet[PACKET.icmp] !== "" && (kind === "sent" || kind === "delivered")) return "icmp";
  if (kind === "unclaimed") return "lost";
  if (kind === "forwarded") return "sent";
  return categoryNames.has(kind) ? kind : "other";
}
const categories = Array.from({length: eventCount}, (_, i) => categoryOf(i));

// "alice/eth0".
function placeOf(i) {
  const interfaceName = run.texts[run.events[i][EVENT.interface]];
  return run.hosts[hostOf(i)].name + (interfaceName === "" ? "" : "/" + interfaceName);
}

function packetName(packet) {
  return run.hosts[packet[PACKET.origin]].name + "#" + packet[PACKET.id];
}

// "alice#1 10.0.0.1:5000 → 10.0.0.2:7755, 5 bytes".
function packetText(packet) {
  const ends = packet[PACKET.source] + " → " + packet[PACKET.destination];
  if (packet[PACKET.icmp] !== "") {
    return packetName(packet) + " ICMP " + packet[PACKET.icmp] + " about " + ends;
  }
  const size = packet[PACKET.size];
  const fragment = packet[PACKET.fragment] === "" ? "" : ", " + packet[PACKET.fragment];
  return packetName(packet) + " " + ends + ", " + size + (size === 1 ? " byte" : " bytes") + fragment;
}

const reasonOf = (i) => run.texts[run.events[i][EVENT.reason]];

// One line, without the time.
function textOf(i) {
  const packet = packetOf(i);
  const reason = reasonOf(i);
  if (packet === null) return placeOf(i) + " " + (reason || kindOf(i));
  return placeOf(i) + " " + kindOf(i) + " " + packetText(packet) + (reason ? " (" + reason + ")" : "");
}

// The same for a column of such lines: short, and with what the packet says.
function shortTextOf(i) {
  const packet = packetOf(i);
  if (packet === null) return textOf(i);
  const interfaceName = run.texts[run.events[i][EVENT.interface]];
  const host = run.hosts[hostOf(i)];
  const plain = host.interfaces.length <= 2 && interfaceName !== "lo";
  const where = plain ? host.name : placeOf(i);
  const reason = kindOf(i) === "delivered" ? "" : reasonOf(i);
  const what = packet[PACKET.icmp] !== ""
    ? `ICMP ${packet[PACKET.icmp]} about ${packet[PACKET.destination]}`
    : `→ ${packet[PACKET.destination]}, ${packet[PACKET.fragment] || packet[PACKET.size] + " B"}`;
  const says = packet[PACKET.icmp] === "" && packet[PACKET.size] > 0 && reason === ""
    ? "  “" + printable(bytesOf(packet).subarray(packet[PACKET.header], packet[PACKET.header] + 48)) + "”"
    : "";
  return `${where} ${kindOf(i)} ${packetName(packet)} ${what}${reason ? " (" + reason + ")" : ""}${says}`;
}

// "0.102000000 s": every nanosecond counts.
function exactTime(nanoseconds) {
  const digits = String(nanoseconds).padStart(10, "0");
  return digits.slice(0, -9) + "." + digits.slice(-9) + " s";
}

// "102 ms", with at most three digits behind the point, for a duration.
function shortTime(nanoseconds) {
  const units = [[1e9, "s"], [1e6, "ms"], [1e3, "µs"], [1, "ns"]];
  for (const [size, unit] of units) {
    if (nanoseconds >= size || size === 1) return Number((nanoseconds / size).toFixed(3)) + " " + unit;
  }
  return "0";
}

// The bytes of a packet as it was on the wire.
function bytesOf(packet) {
  const text = atob(run.bytes[packet[PACKET.bytes]]);
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

function printable(bytes) {
  let text = "";
  for (const byte of bytes) text += byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : "·";
  return text;
}

// Snapshots of each host's sockets, as [event, table], in order.
const snapshots = run.hosts.map(() => []);
for (const [event, host, table] of run.snapshots) snapshots[host].push([event, table]);

// The rows of a host's socket table when that event was put on record; null where none is known.
function socketsAt(host, i) {
  const list = snapshots[host];
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (list[middle][0] <= i) low = middle + 1; else high = middle;
  }
  return low === 0 ? null : run.tables[list[low - 1][1]];
}

// When hosts were down, or their programs paused, as [from, to] by events; `to` is -1 to the end.
const outages = run.hosts.map(() => []);
for (let i = 0; i < eventCount; ++i) {
  if (packetOf(i) !== null) continue;
  const list = outages[hostOf(i)];
  const reason = reasonOf(i);
  const latest = list[list.length - 1];
  const begins = reason === "crashed" || reason === "paused";
  if (latest !== undefined && latest.to < 0 && (begins || reason === "restarted" || reason === "resumed")) {
    latest.to = i;
  }
  if (begins) list.push({from: i, to: -1, down: reason === "crashed"});
}

// ---- Search ----

const search = {text: "", host: -1, hidden: new Set(), active: false, matches: [], isMatch: null};
let haystacks = null;

// All that is searched of an event, in lower case; what its packet carries too.
function haystackOf(i) {
  if (haystacks === null) haystacks = new Array(eventCount);
  if (haystacks[i] === undefined) {
    const packet = packetOf(i);
    const payload = packet === null ? "" : printable(bytesOf(packet).subarray(packet[PACKET.header]));
    haystacks[i] = ("#" + numberOf(i) + " " + textOf(i) + " " + payload).toLowerCase();
  }
  return haystacks[i];
}

// Finds again what matches, after a change of `search`.
function runSearch() {
  const words = search.text.toLowerCase().split(/\s+/).filter((word) => word !== "");
  search.active = words.length > 0 || search.host >= 0 || search.hidden.size > 0;
  search.matches = [];
  search.isMatch = new Uint8Array(eventCount).fill(1);
  if (!search.active) return;
  for (let i = 0; i < eventCount; ++i) {
    const matches = !search.hidden.has(categories[i]) &&
      (search.host < 0 || hostOf(i) === search.host) &&
      words.every((word) => haystackOf(i).includes(word));
    search.isMatch[i] = matches ? 1 : 0;
    if (matches) search.matches.push(i);
  }
}
runSearch();
