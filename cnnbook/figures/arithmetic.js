import { convSize, transposedSize } from "./convolution.js";
import { begin, controlsFor, el } from "./interface.js";

export function mount(root, settings) {
  const state = { transposed: false, input_size: 5, kernel_size: 3, stride: 2, padding: 1, dilation: 1, step: 0, ...settings };

  // The grid that the window walks over: `index` is the place in the input, or -1 for a zero.
  function scene() {
    const { transposed, input_size: n, kernel_size: k, stride: s, dilation: d } = state, reach = d * (k - 1);
    if (transposed) state.padding = Math.min(state.padding, reach);
    const p = state.padding, around = transposed ? reach - p : p, gap = transposed ? s : 1, walk = transposed ? 1 : s;
    const side = (n - 1) * gap + 1 + 2 * around;
    const index = Array.from({ length: side }, (_, i) => ((i - around) % gap === 0 && i >= around && (i - around) / gap < n ? (i - around) / gap : -1));
    return { side, index, walk, size: Math.max(0, (transposed ? transposedSize : convSize)(n, k, s, p, d)) };
  }
  const taps = (from) => Array.from({ length: state.kernel_size }, (_, u) => from + u * state.dilation);
  function seen({ index, walk, size }) {
    if (size < 1) return [];
    const rows = taps(Math.floor(state.step / size) * walk), columns = taps((state.step % size) * walk);
    return rows.flatMap((i) => columns.map((j) => [index[i], index[j]])).filter(([i, j]) => i >= 0 && j >= 0);
  }
  const result = () => {
    const now = scene();
    return { size: now.size, step: state.step, seen: seen(now) };
  };

  const grids = el("div", { class: "parts" });
  const status = begin(root, "Convolution arithmetic, step by step", state, update, result);
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  let playing = null;
  const stop = () => { clearInterval(playing); playing = null; play.textContent = "play"; };
  const move = (by) => { const { size } = scene(); state.step = (state.step + by + size * size) % Math.max(1, size * size); update(); };
  const play = el("button", { type: "button", onclick: () => {
    if (playing) return stop();
    play.textContent = "stop";
    playing = setInterval(() => (root.isConnected ? move(1) : stop()), 700);
  } }, "play");
  const controls = controlsFor(state, () => { state.step = 0; update(); });

  function grid(title, side, look) {
    const cell = 22, ns = "http://www.w3.org/2000/svg", svg = document.createElementNS(ns, "svg");
    svg.setAttribute("viewBox", `-2 -2 ${side * cell + 4} ${side * cell + 4}`);
    svg.setAttribute("style", `width:${side * cell + 4}px`);
    svg.setAttribute("role", "img");
    svg.setAttribute("aria-label", title);
    for (let i = 0; i < side; i++) for (let j = 0; j < side; j++) {
      const square = document.createElementNS(ns, "rect");
      for (const [name, value] of Object.entries({ x: j * cell, y: i * cell, width: cell, height: cell, class: look(i, j) })) square.setAttribute(name, value);
      svg.append(square);
    }
    return el("figure", {}, svg, el("figcaption", {}, title));
  }

  function update() {
    const now = scene(), { side, index, walk, size } = now;
    state.step = Math.max(0, Math.min(size * size - 1, state.step));
    const row = Math.floor(state.step / size), column = state.step % size;
    const rows = taps(row * walk), columns = taps(column * walk), { input_size: n, kernel_size: k, stride: s, padding: p, dilation: d } = state;
    const under = (i, j) => size > 0 && rows.includes(i) && columns.includes(j);
    const what = state.transposed ? `input ${n} × ${n}, ${s - 1} zeros between, ${d * (k - 1) - p} around` : `input ${n} × ${n}, ${p} zeros around`;
    grids.replaceChildren(
      grid(what, side, (i, j) => `${index[i] < 0 || index[j] < 0 ? "zero" : "value"}${under(i, j) ? " under" : ""}`),
      grid(`output ${size} × ${size}`, size, (i, j) => (i === row && j === column ? "value under" : "value")));
    const formula = state.transposed ? `(${n} − 1)·${s} − 2·${p} + ${d}·(${k} − 1) + 1` : `⌊(${n} + 2·${p} − ${d}·(${k} − 1) − 1) / ${s}⌋ + 1`;
    status.textContent = size < 1 ? `${formula} = ${size}: the kernel is larger than the padded input, so there is no output.`
      : `${formula} = ${size}. Output (${row}, ${column}) sees ${seen(now).length} numbers of the input${state.transposed ? "; the window moves by 1, the stride is in the gaps" : ""}.`;
    controls.show();
  }

  root.append(
    el("div", { class: "controls" }, controls.check("transposed", "transposed"), controls.range("input N", "input_size", 1, 8),
      controls.range("kernel K", "kernel_size", 1, 5), controls.range("stride S", "stride", 1, 4),
      controls.range("padding P", "padding", 0, 4), controls.range("dilation D", "dilation", 1, 3)),
    grids,
    el("div", { class: "controls" }, el("button", { type: "button", onclick: () => move(-1) }, "one back"), el("button", { type: "button", onclick: () => move(1) }, "one further"), still ? null : play),
    status);
  update();
}
