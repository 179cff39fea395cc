// SPDX-License-Identifier: Apache-2.0
//
// The panel beside the diagram: what there is to know of one event, or of the run. All text goes
// in as text, never as markup.

"use strict";

const panel = document.getElementById("panel");
const announcement = document.getElementById("announcement");

// An element with attributes and children, which are elements or text.
function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "onclick") element.addEventListener("click", value);
    else if (name === "style") element.style.cssText = value;
    else element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

// An event as a line that leads to it.
function stepTo(i) {
  const button = make(
    "button", {type: "button", class: "step", style: `--mark: var(--${categories[i]})`,
               "data-event": String(numberOf(i))},
    make("span", {class: "number"}, "#" + numberOf(i)), make("span", {}, textOf(i)));
  button.addEventListener("click", () => select(i));
  return button;
}

function listOf(list) {
  return make("ol", {}, ...list.map((i) => make("li", {}, stepTo(i))));
}

function hexDump(packet) {
  const bytes = bytesOf(packet);
  const width = panel.clientWidth > 580 ? 16 : 8;
  const dump = make("pre", {tabindex: "0", "aria-label": "The packet's bytes"});
  const header = packet[PACKET.header];
  for (let at = 0; at < bytes.length; at += width) {
    const row = bytes.subarray(at, at + width);
    dump.append(make("span", {class: "offset"}, at.toString(16).padStart(4, "0") + "  "));
    // Headers are dimmed: up to where they end in this row.
    const plain = Math.max(0, Math.min(row.length, header - at));
    const hex = (part) => Array.from(part, (byte) => byte.toString(16).padStart(2, "0") + " ").join("");
    dump.append(make("span", {class: "header"}, hex(row.subarray(0, plain))));
    dump.append(hex(row.subarray(plain)).padEnd((width - plain) * 3 + 1));
    dump.append(make("span", {class: "header"}, printable(row.subarray(0, plain))));
    dump.append(printable(row.subarray(plain)) + "\n");
  }
  return dump;
}

function socketTable(rows) {
  if (rows.length === 0) return make("p", {class: "none"}, "No socket is open.");
  const numbers = new Set(rows[0].map((_, column) => column)
    .filter((column) => rows.every((row) => /^\d+$/.test(row[column]))));
  const cells = (tag, row) => row.map(
    (cell, column) => make(tag, numbers.has(column) ? {class: "number"} : {}, cell));
  return make("div", {class: "scroller", tabindex: "0"}, make(
    "table", {}, make("thead", {}, make("tr", {}, ...cells("th", run.columns))),
    make("tbody", {}, ...rows.map((row) => make("tr", {}, ...cells("td", row))))));
}

// The sockets of all hosts when an event was put on record, those first that it is about.
function socketTables(i, concerned) {
  const order = run.hosts.map((_, host) => host);
  order.sort((a, b) => Number(concerned.has(b)) - Number(concerned.has(a)) || a - b);
  const tables = [];
  for (const host of order) {
    const rows = socketsAt(host, i);
    if (rows === null) continue;
    const open = concerned.has(host) || run.hosts.length <= 3;
    const count = rows.length === 1 ? "1 socket" : rows.length + " sockets";
    tables.push(make(
      "details", open ? {open: ""} : {},
      make("summary", {}, run.hosts[host].name + " ", make("span", {class: "soft"}, count)),
      socketTable(rows)));
  }
  return tables;
}

function describePacket(packet) {
  const facts = [["packet", packetName(packet)], ["from", packet[PACKET.source]],
                 ["to", packet[PACKET.destination]]];
  if (packet[PACKET.icmp] !== "") facts.push(["ICMP", packet[PACKET.icmp]]);
  if (packet[PACKET.fragment] !== "") facts.push(["part", packet[PACKET.fragment]]);
  facts.push(["payload", packet[PACKET.size] + (packet[PACKET.size] === 1 ? " byte" : " bytes")]);
  return make("dl", {}, ...facts.flatMap(
    ([name, value]) => [make("dt", {}, name), make("dd", {}, String(value))]));
}

function showEvent(i) {
  const packet = packetOf(i);
  const category = categories[i];
  const parts = [
    make("p", {}, make("span", {class: "kind", style: `background: var(--${category})`}, kindOf(i)),
         " ", make("span", {class: "when"}, "#" + numberOf(i) + " at " + exactTime(timeOf(i)))),
    make("h2", {}, textOf(i)),
  ];
  const chain = chainOf(i);
  parts.push(make("h3", {}, "Because of"));
  if (chain.length > 1) parts.push(listOf(chain.slice(1)));
  else if (packet === null) parts.push(make("p", {class: "soft"}, "Nothing on record: the test did it."));
  else parts.push(make("p", {class: "soft"}, "Nothing on record: a program did it."));
  const next = effectsOf(i);
  if (next.length > 0) {
    parts.push(make("h3", {}, "What came of it"), listOf(next.slice(0, 40)));
    if (next.length > 40) parts.push(make("p", {class: "soft"}, `and ${next.length - 40} more`));
  }
  const concerned = new Set([hostOf(i)]);
  if (packet !== null) {
    concerned.add(packet[PACKET.origin]);
    parts.push(make("h3", {}, "Packet"), describePacket(packet),
               make("h3", {}, "On the wire"), hexDump(packet));
  }
  parts.push(make("h3", {}, "Sockets at that moment"), ...socketTables(i, concerned));
  panel.replaceChildren(...parts);
}

function showRun() {
  const parts = [make("h2", {}, "The run"), make("p", {class: "soft"}, run.subtitle)];
  if (run.story !== "") parts.push(make("h3", {}, "Its story"), make("pre", {}, run.story));
  parts.push(make("h3", {}, "Hosts"));
  for (const host of run.hosts) {
    const lines = host.interfaces.map((entry) => entry.name + "  " + entry.addresses.join("  "));
    parts.push(make("details", {}, make("summary", {}, host.name + " ",
                                        make("span", {class: "soft"}, host.platform)),
                    make("div", {class: "scroller"}, make("table", {}, make("tbody", {}, ...lines.map(
                      (text) => make("tr", {}, make("td", {}, text))))))));
  }
  if (eventCount > 0) {
    parts.push(make("h3", {}, "Sockets at the end"), ...socketTables(eventCount, new Set()));
  }
  parts.push(make("p", {class: "soft", style: "margin-top: 18px"},
                  "Point at an event, or press ↓, to see why it happened. Press ? for help."));
  panel.replaceChildren(...parts);
}

let shown = null;
function updatePanel() {
  const focus = view.hovered >= 0 ? view.hovered : view.selected;
  if (focus === shown) return;
  shown = focus;
  if (focus >= 0) showEvent(focus); else showRun();
  panel.scrollTop = 0;
}
