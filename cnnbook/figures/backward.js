import { backward, conv2d, convSize, map } from "./convolution.js";
import { begin, controlsFor, el, round, table } from "./interface.js";

export function mount(root) {
  const state = { stride: 1, padding: 0, seed: 1, kind: "y", row: 0, column: 0 };

  // Small whole numbers, the same for the same seed.
  function numbers() {
    let n = state.seed * 7919;
    const next = () => { n = (n * 1103515245 + 12345) % 2147483648; return (Math.floor(n / 65536) % 7) - 3; };
    const size = convSize(4, 2, state.stride, state.padding, 1);
    return { x: map(4, 4, next), w: map(2, 2, next), g: map(size, size, next) };
  }
  // Every product of the layer: which output, which input, which weight.
  function products({ x, w, g }) {
    const all = [];
    for (let i = 0; i < g.h; i++) for (let j = 0; j < g.w; j++) for (let u = 0; u < w.h; u++) for (let t = 0; t < w.w; t++) {
      const row = i * state.stride + u - state.padding, column = j * state.stride + t - state.padding;
      if (row >= 0 && row < x.h && column >= 0 && column < x.w) all.push({ y: [i, j], x: [row, column], w: [u, t] });
    }
    return all;
  }
  const at = (m, [i, j]) => m.v[i * m.w + j];
  const is = ([i, j]) => i === state.row && j === state.column;
  function now() {
    const made = numbers(), y = conv2d(made.x, made.w, state), { dx, dw } = backward(made.x, made.w, made.g, state);
    const part = products(made).filter((product) => is(product[state.kind]));
    const pairs = part.map(({ y, x, w }) => ({ y: [at(made.x, x), at(made.w, w)], x: [at(made.g, y), at(made.w, w)], w: [at(made.g, y), at(made.x, x)] }[state.kind]));
    return { ...made, y, dx, dw, part, pairs };
  }
  const result = () => {
    const { x, w, g, y, dx, dw, pairs } = now();
    const list = Object.entries({ x, w, g, y, dx, dw }).map(([name, m]) => [name, { h: m.h, w: m.w, v: Array.from(m.v) }]);
    return { ...Object.fromEntries(list), pairs };
  };

  const tables = el("div", { class: "parts" });
  const status = begin(root, "Which products flow where?", state, update, result);
  const controls = controlsFor(state, update);
  const picker = (kind) => (row, column) => {
    Object.assign(state, { kind, row, column });
    update();
    tables.querySelector(`.${kind} [data-place="${row},${column}"]`)?.focus();
  };

  function update() {
    const { x, w, g, y, dx, dw, part, pairs } = now();
    const size = { y, x, w }[state.kind];
    if (state.row >= size.h || state.column >= size.w) { state.row = state.column = 0; return update(); }
    const used = (kind) => (i, j) => {
      if (kind === state.kind && is([i, j])) return "picked";
      return part.some((product) => product[kind][0] === i && product[kind][1] === j) ? "used" : "";
    };
    const group = (kind, ...parts) => el("div", { class: kind }, ...parts);
    tables.replaceChildren(
      group("x", table("input X", x, used("x"), picker("x")), table("gradient of X", dx, state.kind === "x" ? used("x") : () => "")),
      group("w", table("kernel W", w, used("w"), picker("w")), table("gradient of W", dw, state.kind === "w" ? used("w") : () => "")),
      group("y", table("output Y", y, used("y"), picker("y")), table("gradient G of Y", g, state.kind === "y" ? () => "" : used("y"))));
    const sum = pairs.reduce((total, [a, b]) => total + a * b, 0), place = `${state.row},${state.column}`;
    const what = { y: `Y[${place}] is the sum of X · W over its window`, x: `The gradient of X[${place}] is the sum of G · W over the outputs it went into`,
      w: `The gradient of W[${place}] is the sum of G · X over all outputs` }[state.kind];
    status.textContent = `${what}: ${pairs.map(([a, b]) => `${round(a)}·${b < 0 ? `(${round(b)})` : round(b)}`).join(" + ") || "no product"} = ${round(sum)}.`;
    controls.show();
  }

  root.append(
    el("div", { class: "controls" }, controls.range("stride", "stride", 1, 3), controls.range("padding", "padding", 0, 2),
      el("button", { type: "button", onclick: () => { state.seed += 1; update(); } }, "other numbers")),
    el("p", { class: "hint" }, "Choose a number of X, W or Y. What it meets is framed."), tables, status);
  update();
}
