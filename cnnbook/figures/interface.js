// What all figures share: controls with labels, pictures on canvas, tables of numbers.

export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value !== null && value !== undefined && value !== false) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter((c) => c !== null));
  return node;
}

// Controls read and write one property of the state; `controls.show()` brings them up to date.
export function controlsFor(state, changed) {
  const shown = [];
  const add = (label, input, key, parse, extra = null) => {
    input.addEventListener("input", () => { state[key] = parse(input); changed(key); });
    shown.push(() => {
      if (input.type === "checkbox") input.checked = state[key];
      else input.value = state[key];
      if (extra) extra.textContent = state[key];
    });
    return el("label", {}, el("span", {}, label), input, extra);
  };
  return {
    show: () => shown.forEach((show) => show()),
    range: (label, key, min, max) => add(label, el("input", { type: "range", min, max, step: 1 }), key, (i) => Number(i.value), el("output")),
    choice: (label, key, options) => add(label, el("select", {}, ...options.map(([value, text]) => el("option", { value }, text))), key,
      (i) => (typeof options[0][0] === "number" ? Number(i.value) : i.value)),
    check: (label, key) => add(label, el("input", { type: "checkbox" }), key, (i) => i.checked),
  };
}

export const bytes = (base64) => Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));

// Paint one map in grey, or three in colour. With negative values, zero is middle grey.
export function paint(canvas, maps, scale, marks = []) {
  const { h, w } = maps[0], all = maps.flatMap((m) => Array.from(m.v));
  const low = Math.min(...all), top = Math.max(1e-9, ...all.map(Math.abs));
  const grey = (value) => Math.round(255 * (low < -1e-9 ? (value / top + 1) / 2 : value / Math.max(1, top)));
  canvas.width = w * scale;
  canvas.height = h * scale;
  const pen = canvas.getContext("2d");
  for (let i = 0; i < h; i++) for (let j = 0; j < w; j++) {
    const [r, g, b] = [0, 1, 2].map((c) => grey(maps[c % maps.length].v[i * w + j]));
    pen.fillStyle = `rgb(${r},${g},${b})`;
    pen.fillRect(j * scale, i * scale, scale, scale);
  }
  pen.lineWidth = 2;
  for (const { row, column, high, wide, colour = "#D55E00" } of marks) {
    pen.strokeStyle = colour;
    pen.strokeRect(column * scale + 1, row * scale + 1, wide * scale - 2, high * scale - 2);
  }
}

// The place of a pointer on a canvas, in pixels of the map.
export function place(event, canvas, scale) {
  const box = canvas.getBoundingClientRect();
  return [Math.floor(((event.clientY - box.top) / box.height) * canvas.height / scale),
    Math.floor(((event.clientX - box.left) / box.width) * canvas.width / scale)];
}

const ARROWS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
export function onArrows(node, move) {
  node.addEventListener("keydown", (event) => {
    if (!(event.key in ARROWS)) return;
    event.preventDefault();
    move(...ARROWS[event.key]);
  });
}

export const round = (value) => String(Math.round(value * 100) / 100).replace("-", "−");

// A table of numbers. `look(i, j)` gives the class of a cell; `pick` makes cells buttons.
export function table(title, m, look = () => "", pick = null, text = (i, j) => round(m.v[i * m.w + j])) {
  const rows = [];
  for (let i = 0; i < m.h; i++) {
    const row = [];
    for (let j = 0; j < m.w; j++) {
      const name = `${title}, row ${i}, column ${j}: ${text(i, j)}`;
      const inside = pick ? el("button", { type: "button", "aria-label": name, onclick: () => pick(i, j), "data-place": `${i},${j}` }, text(i, j)) : text(i, j);
      row.push(el("td", { class: look(i, j) || null }, inside));
    }
    rows.push(el("tr", {}, ...row));
  }
  const made = el("table", {}, el("caption", {}, title), el("tbody", {}, ...rows));
  if (pick) onArrows(made, (down, right) => {
    const [i, j] = (document.activeElement.dataset?.place ?? "0,0").split(",").map(Number);
    made.querySelector(`[data-place="${i + down},${j + right}"]`)?.focus();
  });
  return made;
}

// Fill the figure's element, and hand out what tests and readers of the console may use.
export function begin(root, title, state, update, result) {
  const status = el("p", { class: "status", role: "status" });
  root.figure = { state, result, set(values) { Object.assign(state, values); update(); } };
  root.replaceChildren(el("p", { class: "title" }, title));
  return status;
}
