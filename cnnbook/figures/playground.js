import { conv2d, convSize, map, relu } from "./convolution.js";
import { begin, bytes, controlsFor, el, onArrows, paint, place, round } from "./interface.js";

export const PRESETS = {
  identity: [[0, 0, 0], [0, 1, 0], [0, 0, 0]],
  "Sobel, left to right": [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]],
  "Sobel, top to bottom": [[-1, -2, -1], [0, 0, 0], [1, 2, 1]],
  Laplace: [[0, 1, 0], [1, -4, 1], [0, 1, 0]],
  "box blur": Array(3).fill(Array(3).fill(1 / 9)),
  "Gauss 5×5": [1, 4, 6, 4, 1].map((a) => [1, 4, 6, 4, 1].map((b) => (a * b) / 256)),
  sharpen: [[0, -1, 0], [-1, 5, -1], [0, -1, 0]],
  emboss: [[-2, -1, 0], [-1, 1, 1], [0, 1, 2]],
};
const asMap = (rows) => map(rows.length, rows[0].length, (i, j) => rows[i][j]);

export function mount(root, { photo, size }) {
  const raw = bytes(photo);
  const colour = [0, 1, 2].map((c) => map(size, size, (i, j) => raw[(i * size + j) * 3 + c] / 255));
  const ring = map(size, size, (i, j) => Number(Math.abs(Math.hypot(i - size / 2, j - size / 2) - size / 4) < 1.5));
  const state = {
    picture: "photo", preset: "Sobel, left to right", kernel: PRESETS["Sobel, left to right"].map((r) => [...r]),
    stride: 1, padding: 0, dilation: 1, mode: "zeros", groups: 3, second: "none", row: 20, column: 20,
  };
  const picture = () => (state.picture === "photo" ? colour : [ring, ring, ring]);

  // Three channels in, three out. One group: every output sees all channels, a third of each.
  function layer() {
    const kernel = asMap(state.kernel), k = kernel.h;
    const apart = picture().map((x) => conv2d(x, kernel, state));
    const { h, w } = apart[0];
    const mean = map(h, w, (i, j) => apart.reduce((sum, m) => sum + m.v[i * w + j], 0) / 3);
    const weights = 3 * (3 / state.groups) * k * k;
    return { maps: state.groups === 1 ? [mean, mean, mean] : apart, parameters: weights + 3, macs: weights * h * w };
  }
  const secondLayer = (maps) => {
    const kernel = asMap(PRESETS[state.second]);
    return maps.map((m) => conv2d(relu(m), kernel, { padding: (kernel.h - 1) / 2 }));
  };
  const spans = () => {
    const one = state.dilation * (state.kernel.length - 1) + 1;
    return state.second === "none" ? one : one + (PRESETS[state.second].length - 1) * state.stride;
  };
  const result = () => {
    const { maps, parameters, macs } = layer();
    const second = state.second === "none" ? null : secondLayer(maps).map((m) => Array.from(m.v));
    return { height: maps[0].h, width: maps[0].w, parameters, macs, spans: spans(), values: maps.map((m) => Array.from(m.v)), second };
  };

  const scale = 5;
  const input = el("canvas", { tabindex: 0, role: "img" });
  const output = el("canvas", { role: "img" }), last = el("canvas", { role: "img" });
  const lastFigure = el("figure", {}, last, el("figcaption", {}, "ReLU and a second layer"));
  const editor = el("div", { class: "kernel" });
  const status = begin(root, "Convolution playground", state, update, result);
  const controls = controlsFor(state, (key) => {
    if (key === "preset") state.kernel = PRESETS[state.preset].map((r) => [...r]);
    if (key === "kernel_size") resize(state.kernel_size);
    update();
  });
  function resize(k) {
    const old = state.kernel, from = Math.floor((old.length - k) / 2);
    state.kernel = Array.from({ length: k }, (_, i) => Array.from({ length: k }, (_, j) => old[i + from]?.[j + from] ?? 0));
  }
  const moveTo = (row, column) => { state.row = row; state.column = column; update(); };
  onArrows(input, (down, right) => moveTo(state.row + down, state.column + right));
  const draw = (event) => {
    const [row, column] = place(event, input, scale);
    if (state.picture === "drawn" && event.buttons) {
      for (const [i, j] of [[0, 0], [0, 1], [1, 0], [1, 1]]) if (row + i < size && column + j < size) ring.v[(row + i) * size + column + j] = event.shiftKey ? 0 : 1;
    }
    const half = Math.floor((state.dilation * (state.kernel.length - 1)) / 2);
    moveTo(Math.round((row - half + state.padding) / state.stride), Math.round((column - half + state.padding) / state.stride));
  };
  input.addEventListener("pointermove", draw);
  input.addEventListener("pointerdown", draw);
  input.addEventListener("keydown", (event) => {
    if (event.key !== " " || state.picture !== "drawn") return;
    event.preventDefault();
    const half = Math.floor((state.dilation * (state.kernel.length - 1)) / 2);
    const [i, j] = [state.row, state.column].map((n) => n * state.stride + half - state.padding);
    if (i >= 0 && i < size && j >= 0 && j < size) ring.v[i * size + j] = 1 - ring.v[i * size + j];
    update();
  });

  function edit() {
    const focused = document.activeElement?.dataset?.weight;
    editor.style.setProperty("--columns", state.kernel.length);
    editor.replaceChildren(...state.kernel.flatMap((row, i) => row.map((value, j) => el("input", {
      type: "number", step: "any", value: Math.round(value * 1000) / 1000, "aria-label": `weight, row ${i}, column ${j}`, "data-weight": `${i},${j}`,
      onchange: (event) => { state.kernel[i][j] = Number(event.target.value) || 0; update(); },
    }))));
    editor.querySelector(`[data-weight="${focused}"]`)?.focus();
  }

  function update() {
    const k = state.kernel.length, { maps, parameters, macs } = layer(), { h, w } = maps[0];
    state.kernel_size = k;
    state.row = Math.max(0, Math.min(h - 1, state.row));
    state.column = Math.max(0, Math.min(w - 1, state.column));
    const span = state.dilation * (k - 1) + 1;
    const top = state.row * state.stride - state.padding, left = state.column * state.stride - state.padding;
    const taps = state.dilation === 1 ? [] : state.kernel.flatMap((row, i) => row.map((_, j) => (
      { row: top + i * state.dilation, column: left + j * state.dilation, high: 1, wide: 1, colour: "#0072B2" })));
    paint(input, picture(), scale, [...taps, { row: top, column: left, high: span, wide: span }]);
    paint(output, maps, scale, [{ row: state.row, column: state.column, high: 1, wide: 1 }]);
    lastFigure.hidden = state.second === "none";
    if (!lastFigure.hidden) paint(last, secondLayer(maps), scale);
    const here = maps[0].v[state.row * w + state.column];
    input.setAttribute("aria-label", `Input, ${size} by ${size}; the window is at row ${top}, column ${left}. Arrow keys move it.`);
    output.setAttribute("aria-label", `Output, ${h} by ${w}; at row ${state.row}, column ${state.column} it is ${round(here)}.`);
    last.setAttribute("aria-label", "Output of the second layer");
    const seen = state.second === "none" ? "" : `; an output of the second layer sees ${spans()} × ${spans()} pixels`;
    status.textContent = `Output ${h} × ${w} (${size} + 2·${state.padding} − ${state.dilation}·(${k} − 1) − 1, divided by ${state.stride}, rounded down, plus 1) · ` +
      `${parameters.toLocaleString("en")} parameters · ${macs.toLocaleString("en")} MACs · ${k * k} products${seen}. Output (${state.row}, ${state.column}) = ${round(here)}.`;
    controls.show();
    edit();
  }

  const names = Object.keys(PRESETS).map((name) => [name, name]);
  root.append(
    el("div", { class: "controls" },
      controls.choice("picture", "picture", [["photo", "photograph"], ["drawn", "drawn: draw on it"]]),
      controls.choice("kernel", "preset", names), controls.range("size K", "kernel_size", 1, 7),
      controls.range("stride S", "stride", 1, 4), controls.range("padding P", "padding", 0, 4), controls.range("dilation D", "dilation", 1, 3),
      controls.choice("padding mode", "mode", ["zeros", "reflect", "replicate", "circular"].map((m) => [m, m])),
      controls.choice("groups", "groups", [[3, "3: each channel alone"], [1, "1: all channels"]]),
      controls.choice("second layer", "second", [["none", "none"], ...names])),
    el("div", { class: "parts" }, el("figure", {}, input, el("figcaption", {}, "input: point, or use the arrow keys")), editor,
      el("figure", {}, output, el("figcaption", {}, "output")), lastFigure), status);
  update();
}
