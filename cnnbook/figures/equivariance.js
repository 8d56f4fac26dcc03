import { conv2d, largest, map, pool, relu, shift } from "./convolution.js";
import { begin, bytes, controlsFor, el, onArrows, paint, place } from "./interface.js";

const KERNEL = { h: 3, w: 3, v: Float64Array.from([-1, 0, 1, -2, 0, 2, -1, 0, 1]) };
const FARTHEST = 16;

export function mount(root, { photo, size }) {
  const raw = bytes(photo), picture = map(size, size, (i, j) => raw[i * size + j] / 255);
  const state = { mode: "circular", stride: 1, pool: "none", down: 0, right: 3 };
  const f = (x) => pool(relu(conv2d(x, KERNEL, { stride: state.stride, padding: 1, mode: state.mode })), state.pool);
  const total = () => state.stride * (state.pool === "none" ? 1 : 2);

  // f(T x), T f(x) where the shift is divided by the total stride and rounded, and how far apart they are.
  function compare(down, right) {
    const plain = f(picture), moved = f(shift(picture, down, right));
    const follows = shift(plain, Math.round(down / total()), Math.round(right / total()));
    const apart = map(plain.h, plain.w, (i, j) => moved.v[i * plain.w + j] - follows.v[i * plain.w + j]);
    return { moved, follows, apart, error: largest(apart) / largest(plain) };
  }
  const errors = () => Array.from({ length: FARTHEST + 1 }, (_, right) => compare(0, right).error);
  const result = () => ({ error: compare(state.down, state.right).error, errors: errors() });

  const scale = 6, names = ["T x: drag it, or use the arrow keys", "f(T x)", "T f(x)", "difference"];
  const canvases = names.map((_, i) => el("canvas", { role: "img", tabindex: i ? null : 0 }));
  const plot = el("div", { class: "plot" });
  const status = begin(root, "Does the map follow the picture?", state, update, result);
  const controls = controlsFor(state, update);
  const half = size / 2, within = (n) => ((((n + half) % size) + size) % size) - half;
  const moveTo = (down, right) => { state.down = within(down); state.right = within(right); update(); };
  onArrows(canvases[0], (down, right) => moveTo(state.down + down, state.right + right));
  let held = null;
  canvases[0].addEventListener("pointerdown", (event) => {
    canvases[0].setPointerCapture(event.pointerId);
    held = [place(event, canvases[0], scale), state.down, state.right];
  });
  canvases[0].addEventListener("pointermove", (event) => {
    if (!held) return;
    const [row, column] = place(event, canvases[0], scale), [[fromRow, fromColumn], down, right] = held;
    moveTo(down + row - fromRow, right + column - fromColumn);
  });
  for (const name of ["pointerup", "pointercancel"]) canvases[0].addEventListener(name, () => { held = null; });

  function drawPlot(values) {
    const width = 340, height = 130, x = (i) => 40 + (i * (width - 60)) / FARTHEST, y = (v) => 100 - 85 * Math.min(1, v);
    const dots = values.map((v, i) => `<circle cx="${x(i)}" cy="${y(v)}" r="3.5" class="${i === state.right ? "here" : ""}"/>`).join("");
    const line = values.map((v, i) => `${x(i)},${y(v)}`).join(" ");
    const ticks = [0, 4, 8, 12, 16].map((i) => `<text x="${x(i)}" y="116" text-anchor="middle">${i}</text>`).join("");
    const told = values.map((v) => (v < 1e-9 ? "0" : v.toFixed(2))).join(", ");
    plot.innerHTML = `<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="Error for shifts to the right by 0 to 16 pixels: ${told}">` +
      `<path d="M40 15V100H${width - 20}" class="axis"/><polyline points="${line}" class="curve"/>${dots}${ticks}` +
      `<text x="34" y="104" text-anchor="end">0</text><text x="34" y="20" text-anchor="end">1</text><text x="190" y="129" text-anchor="middle">pixels to the right</text></svg>`;
  }

  function update() {
    const { moved, follows, apart, error } = compare(state.down, state.right);
    const maps = [shift(picture, state.down, state.right), moved, follows, apart];
    maps.forEach((m, i) => {
      paint(canvases[i], [m], Math.round((size * scale) / m.h));
      canvases[i].setAttribute("aria-label", i ? names[i] : `The picture, moved by ${state.down} down and ${state.right} to the right. Arrow keys move it.`);
    });
    drawPlot(errors());
    const told = error < 1e-9 ? "The map follows exactly." : `The map is off by up to ${(100 * error).toFixed(0)} % of its largest value.`;
    status.textContent = `Moved by ${state.down} down, ${state.right} to the right; total stride ${total()}. ${told}`;
    controls.show();
  }

  root.append(
    el("div", { class: "controls" }, controls.choice("padding", "mode", [["circular", "circular"], ["zeros", "zeros"]]),
      controls.choice("stride", "stride", [[1, "1"], [2, "2"]]),
      controls.choice("pooling", "pool", [["none", "none"], ["max", "maximum 2×2"], ["average", "average 2×2"], ["blur", "maximum and blur"]])),
    el("div", { class: "parts" }, ...canvases.map((canvas, i) => el("figure", {}, canvas, el("figcaption", {}, names[i])))),
    el("figure", {}, plot, el("figcaption", {}, "error over the shift")), status);
  update();
}
