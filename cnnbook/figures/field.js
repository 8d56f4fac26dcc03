import { begin, bytes, controlsFor, el } from "./interface.js";

// Size and jump of the field after a chain of layers [kernel, stride, dilation].
export function field(layers) {
  let size = 1, jump = 1;
  for (const [k, s, d] of layers) { size += d * (k - 1) * jump; jump *= s; }
  return { size, jump };
}

// How strongly each position counts if all weights are equal; the numbers add up to 1.
export function influence(layers) {
  let profile = Float64Array.of(1), jump = 1;
  for (const [k, s, d] of layers) {
    const step = d * jump, wider = new Float64Array(profile.length + step * (k - 1));
    for (let tap = 0; tap < k; tap++) profile.forEach((value, i) => { wider[i + tap * step] += value / k; });
    profile = wider;
    jump *= s;
  }
  return profile;
}

// The smallest window around the middle with 95.45 % of the influence, two deviations on each side.
export function effectiveWidth(profile) {
  const n = profile.length;
  let width = n % 2 ? 1 : 2, first = (n - width) / 2, held = profile.slice(first, first + width).reduce((a, b) => a + b, 0);
  while (held < 0.9545 - 1e-12 && first > 0) {
    first -= 1;
    held += profile[first] + profile[n - 1 - first];
    width += 2;
  }
  return width;
}

const named = ([k, s, d]) => `${k}×${k}${s > 1 ? ` stride ${s}` : ""}${d > 1 ? ` dilation ${d}` : ""}`;
const ADDED = [["3×3", [3, 1, 1]], ["3×3 stride 2", [3, 2, 1]], ["3×3 dilation 2", [3, 1, 2]], ["1×1", [1, 1, 1]], ["7×7", [7, 1, 1]], ["pool 2×2", [2, 2, 1]]];

export function mount(root, { photo, size: pixels, presets }) {
  const names = Object.keys(presets), state = { preset: "VGG-16", layers: presets["VGG-16"].slice(), shown: 13 };
  const chain = () => state.layers.slice(0, state.shown);
  function result() {
    const layers = chain();
    return { ...field(layers), effective: effectiveWidth(influence(layers)) };
  }

  const side = 448, canvas = el("canvas", { role: "img", width: side, height: side });
  const raw = bytes(photo), small = el("canvas", { width: pixels, height: pixels });
  const pen = small.getContext("2d"), image = pen.createImageData(pixels, pixels);
  for (let i = 0; i < pixels * pixels; i++) image.data.set([raw[3 * i], raw[3 * i + 1], raw[3 * i + 2], 255], 4 * i);
  pen.putImageData(image, 0, 0);
  const list = el("p", { class: "hint" });
  const status = begin(root, "How much of a picture of 224 pixels does one output see?", state, update, result);
  const controls = controlsFor(state, (key) => {
    if (key === "preset") { state.layers = presets[state.preset].slice(); state.shown = state.layers.length; }
    update();
  });
  const slider = controls.range("layers", "shown", 0, 60);

  function frame(width, colour, dash, label) {
    const pen = canvas.getContext("2d"), drawn = (Math.min(width, 224) / 224) * (side - 8), from = (side - drawn) / 2;
    pen.setLineDash(dash);
    pen.lineWidth = 5;
    pen.strokeStyle = colour;
    pen.strokeRect(from, from, drawn, drawn);
    pen.font = "bold 17px sans-serif";
    pen.lineWidth = 4;
    pen.setLineDash([]);
    pen.strokeStyle = "#fff";
    const [x, y] = [Math.max(8, from + 4), label === "field" ? Math.max(20, from - 8) : Math.min(side - 10, from + drawn + 20)];
    pen.strokeText(label, x, y);
    pen.fillStyle = colour;
    pen.fillText(label, x, y);
  }
  function update() {
    state.shown = Math.min(state.shown, state.layers.length);
    slider.querySelector("input").max = state.layers.length;
    const { size, jump, effective } = result(), pen = canvas.getContext("2d");
    pen.imageSmoothingEnabled = true;
    pen.drawImage(small, 0, 0, side, side);
    frame(size, "#0072B2", [], "field");
    frame(effective, "#D55E00", [10, 6], "effective");
    const told = size > 224 ? ", more than the picture has" : "";
    canvas.setAttribute("aria-label", `A photograph with two frames: the field, ${size} pixels wide${told}, and inside it the effective field, ${effective} wide.`);
    list.textContent = `Layers: ${chain().map(named).join(", ") || "none"}.`;
    status.textContent = `${state.shown} of ${state.layers.length} layers see ${size} pixels${told}; neighbouring outputs look ${jump} apart. ` +
      `With equal weights, ${effective} pixels hold 95 % of the influence.`;
    controls.show();
  }
  function change(layers) {
    if (layers.length > 60) return;
    Object.assign(state, { layers, shown: layers.length, preset: names[0] });
    update();
  }
  const button = (text, onclick) => el("button", { type: "button", onclick }, text);
  root.append(
    el("div", { class: "controls" }, controls.choice("network", "preset", names.map((name) => [name, name])), slider),
    el("div", { class: "controls" }, ...ADDED.map(([text, layer]) => button(`+ ${text}`, () => change([...state.layers, layer]))),
      button("remove the last", () => change(state.layers.slice(0, -1))), button("remove all", () => change([]))),
    canvas, status, list);
  update();
}
