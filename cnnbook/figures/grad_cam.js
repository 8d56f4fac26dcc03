import { conv2d, map, pool, relu } from "./convolution.js";
import { begin, bytes, controlsFor, el, onArrows, paint, place } from "./interface.js";

const COVER = 8; // pixels

// Numbers of two bytes: a sign, five bits of exponent, ten of mantissa.
export function halves(base64) {
  const raw = bytes(base64), view = new DataView(raw.buffer);
  return Float64Array.from({ length: raw.length / 2 }, (_, i) => {
    const bits = view.getUint16(2 * i, true), exponent = (bits >> 10) & 31, mantissa = bits & 1023;
    const size = exponent ? (1 + mantissa / 1024) * 2 ** (exponent - 15) : (mantissa / 1024) * 2 ** -14;
    return bits >> 15 ? -size : size;
  });
}

// Half a step further than the pixels' middles, there is no neighbour: the border repeats.
export function enlarge(x, size) {
  const at = (i, j) => x.v[Math.min(x.h - 1, Math.max(0, i)) * x.w + Math.min(x.w - 1, Math.max(0, j))];
  return map(size, size, (i, j) => {
    const y = Math.max(0, ((i + 0.5) * x.h) / size - 0.5), z = Math.max(0, ((j + 0.5) * x.w) / size - 0.5);
    const up = Math.floor(y), left = Math.floor(z), a = y - up, b = z - left;
    return (1 - a) * ((1 - b) * at(up, left) + b * at(up, left + 1)) + a * ((1 - b) * at(up + 1, left) + b * at(up + 1, left + 1));
  });
}

// A network of 3×3 convolutions with biases and ReLU, pooled between, a mean, and a dense layer.
function reader(numbers, widths, classes) {
  let next = 0;
  const take = (count) => numbers.subarray(next, (next += count));
  const layers = widths.slice(1).map((out, l) => ({
    kernels: Array.from({ length: out }, () => Array.from({ length: widths[l] }, () => ({ h: 3, w: 3, v: take(9) }))), biases: take(out),
  }));
  const dense = Array.from({ length: classes }, () => take(widths[widths.length - 1])), biases = take(classes);
  return (channels) => {
    let maps = channels;
    layers.forEach(({ kernels, biases: add }, l) => {
      maps = kernels.map((row, o) => {
        const sum = map(maps[0].h, maps[0].w, () => add[o]);
        row.forEach((kernel, c) => conv2d(maps[c], kernel, { padding: 1 }).v.forEach((value, i) => { sum.v[i] += value; }));
        return l < layers.length - 1 ? pool(relu(sum), "max") : relu(sum);
      });
    });
    const means = maps.map((m) => m.v.reduce((a, b) => a + b, 0) / m.v.length);
    const logits = dense.map((weights, k) => biases[k] + means.reduce((sum, mean, c) => sum + weights[c] * mean, 0));
    // Behind a mean, the gradient of a logit is the same at each place: the weight over their number.
    const look = (k) => map(maps[0].h, maps[0].w, (i, j) =>
      Math.max(0, maps.reduce((sum, m, c) => sum + (dense[k][c] / m.v.length) * m.v[i * m.w + j], 0)));
    return { logits, look };
  };
}

export function mount(root, { size, classes, pictures, weights, widths, mean, deviation }) {
  const read = reader(halves(weights), widths, classes.length);
  const state = { picture: 0, asked: pictures[0].label, cover: false, row: 12, column: 12 };
  const raw = pictures.map((p) => bytes(p.pixels));
  function shown() {
    const covered = (i, j) => state.cover && i >= state.row && i < state.row + COVER && j >= state.column && j < state.column + COVER;
    return [0, 1, 2].map((c) => map(size, size, (i, j) => (covered(i, j) ? mean[c] : raw[state.picture][(i * size + j) * 3 + c] / 255)));
  }
  function result() {
    const channels = shown();
    const { logits, look } = read(channels.map((m, c) => map(size, size, (i, j) => (m.v[i * size + j] - mean[c]) / deviation[c])));
    const small = look(state.asked), heat = enlarge(small, size), top = Math.max(...logits);
    const powers = logits.map((z) => Math.exp(z - top)), total = powers.reduce((a, b) => a + b);
    const [left, up, right, down] = pictures[state.picture].box, highest = heat.v.indexOf(Math.max(...heat.v));
    const inBox = (p) => p % size >= left && p % size < right && Math.floor(p / size) >= up && Math.floor(p / size) < down;
    const all = heat.v.reduce((a, b) => a + b, 0);
    const share = all ? heat.v.reduce((sum, value, p) => sum + (inBox(p) ? value : 0), 0) / all : 0;
    return { logits, shares: powers.map((p) => p / total), map: small, heat, channels, inside: share, hit: all > 0 && inBox(highest) };
  }
  const scale = 7, canvases = [el("canvas", { role: "img", tabindex: 0 }), el("canvas", { role: "img" })], bars = el("div", { class: "plot" });
  const status = begin(root, "Where does the network look?", state, update, result);
  const controls = controlsFor(state, (key) => {
    if (key === "picture") state.asked = pictures[state.picture].label;
    update();
  });
  const moveTo = (row, column) => {
    const within = (n) => Math.min(size - COVER, Math.max(0, n));
    Object.assign(state, { cover: true, row: within(row), column: within(column) });
    update();
  };
  onArrows(canvases[0], (down, right) => moveTo(state.row + 2 * down, state.column + 2 * right));
  canvases[0].addEventListener("pointerdown", (event) => {
    const [row, column] = place(event, canvases[0], scale);
    moveTo(row - COVER / 2, column - COVER / 2);
  });

  function drawBars(shares) {
    const rows = shares.map((share, k) => `<text x="66" y="${15 + 17 * k}" text-anchor="end">${classes[k]}</text>` +
      `<rect class="bar ${k === state.asked ? "here" : ""}" x="72" y="${4 + 17 * k}" width="${Math.max(1, 200 * share)}" height="13"/>` +
      `<text x="${78 + 200 * share}" y="${15 + 17 * k}">${(100 * share).toFixed(share < 0.01 ? 1 : 0)} %${k === state.asked ? " asked" : ""}</text>`).join("");
    const told = shares.map((share, k) => `${classes[k]} ${Math.round(100 * share)}`).join(", ");
    bars.innerHTML = `<svg viewBox="0 0 340 178" role="img" aria-label="Percent for each class: ${told}">${rows}</svg>`;
  }
  function update() {
    const { logits, shares, heat, channels, inside, hit } = result(), truth = pictures[state.picture], [left, up, right, down] = truth.box;
    const frame = { row: up, column: left, high: down - up, wide: right - left, colour: "#0072B2" };
    paint(canvases[0], channels, scale, [frame]);
    const top = Math.max(1e-9, ...heat.v);
    paint(canvases[1], [map(size, size, (i, j) => heat.v[i * size + j] / top)], scale, [frame]);
    const answer = classes[shares.indexOf(Math.max(...shares))], asked = classes[state.asked];
    canvases[0].setAttribute("aria-label", `Picture ${state.picture + 1} with a frame around the ${classes[truth.label]}${state.cover ? `; a square at row ${state.row}, column ${state.column} is covered` : ""}. Arrow keys move a cover.`);
    canvases[1].setAttribute("aria-label", `Grad-CAM for ${asked}: ${Math.round(100 * inside)} percent of it lie in the frame.`);
    drawBars(shares);
    status.textContent = `Truth: ${classes[truth.label]}. The network says ${answer}. Asked for ${asked}: logit ${logits[state.asked].toFixed(1).replace("-", "−")}; ` +
      `${Math.round(100 * inside)} % of the map lie in the frame, its highest point ${hit ? "does" : "does not"}.`;
    controls.show();
  }
  root.append(
    el("div", { class: "controls" }, controls.choice("picture", "picture", pictures.map((p, i) => [i, `${i + 1}: ${classes[p.label]}`])),
      controls.choice("look for", "asked", classes.map((name, k) => [k, name])), controls.check("cover a square", "cover")),
    el("div", { class: "parts" },
      el("figure", {}, canvases[0], el("figcaption", {}, "the picture; click or use arrow keys to cover a part")),
      el("figure", {}, canvases[1], el("figcaption", {}, "Grad-CAM for the class asked for")), bars), status);
  update();
}
