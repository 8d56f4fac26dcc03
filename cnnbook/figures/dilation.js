import { begin, controlsFor, el } from "./interface.js";

// By how many paths a stack reaches each position of its field.
export function paths(dilations, kernel) {
  let counts = [1];
  for (const d of dilations) {
    const wider = new Array(counts.length + d * (kernel - 1)).fill(0);
    for (let tap = 0; tap < kernel; tap++) counts.forEach((n, i) => { wider[i + tap * d] += n; });
    counts = wider;
  }
  return counts;
}

// The rule of thumb of hybrid dilated convolution: M₂, which should not exceed the kernel.
export function secondGap(dilations) {
  let gap = dilations[dilations.length - 1];
  for (let i = dilations.length - 2; i >= 1; i--) gap = Math.max(gap - 2 * dilations[i], 2 * dilations[i] - gap, dilations[i]);
  return gap;
}

const PRESETS = ["1, 1, 1", "2, 2, 2", "1, 2, 5", "1, 2, 3", "1, 2, 4, 8", "2, 4, 8", "1, 2, 9"];

export function mount(root) {
  const state = { preset: "2, 2, 2", kernel: 3, count: 3, d1: 2, d2: 2, d3: 2, d4: 1, d5: 1 };
  const stack = () => [state.d1, state.d2, state.d3, state.d4, state.d5].slice(0, state.count);
  function result() {
    const dilations = stack(), counts = paths(dilations, state.kernel), seen = counts.filter((n) => n > 0).length;
    const rule = dilations.length > 1 ? secondGap(dilations) : null;
    return { counts, size: counts.length, seen, rule, passes: rule !== null && rule <= state.kernel };
  }
  const canvas = el("canvas", { role: "img", width: 420, height: 420 }), bars = el("div", { class: "plot" });
  const status = begin(root, "Which positions does a dilated stack read?", state, update, result);
  const controls = controlsFor(state, (key) => {
    if (key === "preset") {
      const chosen = state.preset.split(", ").map(Number);
      state.count = chosen.length;
      chosen.forEach((d, i) => { state[`d${i + 1}`] = d; });
    }
    update();
  });
  const sliders = [1, 2, 3, 4, 5].map((i) => controls.range(`dilation ${i}`, `d${i}`, 1, 9));

  function drawPlane(counts) {
    const n = counts.length, pen = canvas.getContext("2d"), cell = canvas.width / n, top = Math.max(...counts);
    pen.fillStyle = "#fdfcf9";
    pen.fillRect(0, 0, canvas.width, canvas.width);
    for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) {
      const shade = (counts[i] * counts[j]) / (top * top);
      if (shade === 0) continue;
      pen.fillStyle = `rgba(0,114,178,${0.25 + 0.75 * Math.sqrt(shade)})`;
      pen.fillRect(j * cell, i * cell, Math.ceil(cell), Math.ceil(cell));
    }
  }
  function drawBars(counts) {
    const width = 340, height = 120, top = Math.max(...counts), step = (width - 20) / counts.length;
    const drawn = counts.map((n, i) => (n ? `<rect class="value" x="${10 + i * step}" y="${100 - (85 * n) / top}" width="${Math.max(0.8 * step, 0.6)}" height="${(85 * n) / top}"/>`
      : `<text x="${10 + (i + 0.4) * step}" y="99" text-anchor="middle">·</text>`)).join("");
    bars.innerHTML = `<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="Paths to each position of one axis: ${counts.join(", ")}">` +
      `<path class="axis" d="M10 101H${width - 10}"/>${drawn}<text x="${width / 2}" y="116" text-anchor="middle">positions along one axis; height: number of paths</text></svg>`;
  }
  function update() {
    const { counts, size, seen, rule, passes } = result(), dilations = stack();
    sliders.forEach((slider, i) => { slider.style.display = i < state.count ? "" : "none"; });
    if (!PRESETS.includes(dilations.join(", "))) state.preset = "own"; else state.preset = dilations.join(", ");
    drawPlane(counts);
    drawBars(counts);
    const share = Math.round((100 * seen * seen) / (size * size));
    canvas.setAttribute("aria-label", `The field, ${size} by ${size} squares; ${share} percent of them are read, the others are empty.`);
    const verdict = seen === size ? "Every position is read." : `${size - seen} of ${size} positions on each axis are never read.`;
    const told = rule === null ? "The rule of thumb needs two layers." : `Rule of thumb: M₂ = ${rule}, ${passes ? "passes" : "fails"} for a kernel of ${state.kernel}.`;
    status.textContent = `The field is ${size}×${size}; ${share} % of it is read. ${verdict} ${told}`;
    controls.show();
  }
  root.append(
    el("div", { class: "controls" }, controls.choice("stack", "preset", [...PRESETS.map((name) => [name, name]), ["own", "own choice"]]),
      controls.choice("kernel", "kernel", [[2, "2"], [3, "3"], [5, "5"]]), controls.range("layers", "count", 1, 5)),
    el("div", { class: "controls" }, ...sliders),
    el("div", { class: "parts" }, el("figure", {}, canvas), bars), status);
  update();
}
