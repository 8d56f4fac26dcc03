import { begin, controlsFor, el, onArrows } from "./interface.js";

const WIDTH = 320, HEIGHT = 220, TRUTH = { x: 90, y: 50, w: 120, h: 110 };
const START = [[84, 44, 120, 112, 0.92], [104, 60, 118, 108, 0.85], [70, 70, 110, 100, 0.6], [150, 90, 120, 100, 0.55], [20, 130, 70, 60, 0.3]];

export function iou(a, b) {
  const wide = Math.min(a.x + a.w, b.x + b.w) - Math.max(a.x, b.x), high = Math.min(a.y + a.h, b.y + b.h) - Math.max(a.y, b.y);
  const both = Math.max(0, wide) * Math.max(0, high);
  return both / (a.w * a.h + b.w * b.h - both);
}

// From the most certain box down: keep a box unless a kept one covers it by more than the threshold.
export function suppress(boxes, threshold) {
  const order = boxes.map((_, i) => i).sort((i, j) => boxes[j].score - boxes[i].score || i - j), kept = [];
  for (const i of order) if (kept.every((k) => iou(boxes[k], boxes[i]) <= threshold)) kept.push(i);
  return kept;
}

export function mount(root) {
  const state = { chosen: 0, percent: 50, boxes: START.map(([x, y, w, h, score]) => ({ x, y, w, h, score })) };
  function result() {
    const kept = suppress(state.boxes, state.percent / 100);
    return { kept, toTruth: state.boxes.map((b) => iou(b, TRUTH)), table: state.boxes.map((a) => state.boxes.map((b) => iou(a, b))) };
  }
  const status = begin(root, "Boxes: how much do they overlap, and which remain?", state, update, result);
  const controls = controlsFor(state, update), plane = el("div", { class: "plane", tabindex: 0, role: "img" }), list = el("div", {});
  const within = (value, most) => Math.max(0, Math.min(most, value));
  function moveTo(x, y) {
    const box = state.boxes[state.chosen];
    box.x = within(Math.round(x), WIDTH - box.w);
    box.y = within(Math.round(y), HEIGHT - box.h);
    update();
  }
  onArrows(plane, (down, right) => moveTo(state.boxes[state.chosen].x + 4 * right, state.boxes[state.chosen].y + 4 * down));
  let held = null;
  const at = (event) => {
    const box = plane.firstChild.getBoundingClientRect();
    return [((event.clientX - box.left) / box.width) * WIDTH, ((event.clientY - box.top) / box.height) * HEIGHT];
  };
  plane.addEventListener("pointerdown", (event) => {
    const [x, y] = at(event), inside = (b) => x >= b.x && x < b.x + b.w && y >= b.y && y < b.y + b.h;
    const found = state.boxes.map((b, i) => [b.w * b.h, i]).filter(([, i]) => inside(state.boxes[i])).sort((a, b) => a[0] - b[0])[0];
    if (!found) return;
    state.chosen = found[1];
    held = [x - state.boxes[state.chosen].x, y - state.boxes[state.chosen].y];
    plane.setPointerCapture(event.pointerId);
    update();
  });
  plane.addEventListener("pointermove", (event) => {
    if (!held) return;
    const [x, y] = at(event);
    moveTo(x - held[0], y - held[1]);
  });
  for (const name of ["pointerup", "pointercancel"]) plane.addEventListener(name, () => { held = null; });

  const letter = (i) => "ABCDE"[i], percent = (value) => `${Math.round(100 * value)} %`;
  function draw(kept) {
    const shapes = state.boxes.map((b, i) => `<rect class="candidate ${kept.includes(i) ? "kept" : "gone"} ${i === state.chosen ? "chosen" : ""}" x="${b.x}" y="${b.y}" width="${b.w}" height="${b.h}"/>` +
      `<text x="${b.x + 4}" y="${b.y + 13}">${letter(i)} ${b.score.toFixed(2)}</text>`).join("");
    plane.innerHTML = `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}"><ellipse class="object" cx="${TRUTH.x + TRUTH.w / 2}" cy="${TRUTH.y + TRUTH.h / 2}" rx="${TRUTH.w / 2}" ry="${TRUTH.h / 2}"/>${shapes}</svg>`;
    plane.setAttribute("aria-label", `Five boxes around an object. Chosen: ${letter(state.chosen)}. Arrow keys move it.`);
  }
  function tell(kept, toTruth) {
    const rows = state.boxes.map((b, i) => el("tr", {}, el("td", {}, letter(i)), el("td", {}, b.score.toFixed(2)), el("td", {}, percent(toTruth[i])),
      el("td", {}, i === state.chosen ? "–" : percent(iou(b, state.boxes[state.chosen]))), el("td", {}, kept.includes(i) ? "kept" : "suppressed")));
    const head = ["box", "score", "IoU with the object", `with ${letter(state.chosen)}`, "after NMS"].map((text) => el("th", { scope: "col" }, text));
    list.replaceChildren(el("table", {}, el("caption", {}, "The boxes"), el("thead", {}, el("tr", {}, ...head)), el("tbody", {}, ...rows)));
  }
  function update() {
    const { kept, toTruth } = result(), box = state.boxes[state.chosen];
    draw(kept);
    tell(kept, toTruth);
    status.textContent = `${letter(state.chosen)} at (${box.x}, ${box.y}): IoU with the object ${percent(toTruth[state.chosen])}. ` +
      `Above ${state.percent} % overlap the less certain box goes: ${kept.length} of ${state.boxes.length} remain, ${kept.map(letter).join(", ")}.`;
    controls.show();
  }
  root.append(
    el("div", { class: "controls" }, controls.choice("box", "chosen", START.map((_, i) => [i, letter(i)])), controls.range("suppress above, in %", "percent", 0, 100)),
    el("div", { class: "parts" }, plane, list), status);
  update();
}
