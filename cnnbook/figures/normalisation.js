import { begin, controlsFor, el, round } from "./interface.js";

const N = 3, C = 4, H = 2, W = 2;
const KINDS = {
  BN: [(a, b) => a.c === b.c, "all pictures and places of one channel"],
  LN: [(a, b) => a.n === b.n, "all channels and places of one picture"],
  "LN at each place": [(a, b) => a.n === b.n && a.h === b.h && a.w === b.w, "the channels at one place of one picture"],
  IN: [(a, b) => a.n === b.n && a.c === b.c, "the places of one channel of one picture"],
  GN: [null, "the places and channels of one group of one picture"],
};
const PLACES = [];
for (let n = 0; n < N; n++) for (let c = 0; c < C; c++) for (let h = 0; h < H; h++) for (let w = 0; w < W; w++) PLACES.push({ n, c, h, w });

export function mount(root) {
  const state = { kind: "BN", groups: 2, show: "numbers", seed: 1, picked: 0, batch: 3 };

  // Whole numbers from 0 to 9, the same for the same seed; channels and pictures differ in level.
  function numbers() {
    let m = state.seed * 7919;
    const next = () => { m = (m * 1103515245 + 12345) % 2147483648; return Math.floor(m / 65536) % 4; };
    return PLACES.map(({ n, c }) => next() + c + n);
  }
  const used = (p) => p.n < state.batch;
  const together = (a, b) => (state.kind === "GN" ? a.n === b.n && Math.floor((a.c * state.groups) / C) === Math.floor((b.c * state.groups) / C) : KINDS[state.kind][0](a, b));
  const members = (place) => PLACES.map((p, i) => i).filter((i) => used(PLACES[i]) && together(PLACES[i], place));
  function moments(x, place) {
    const group = members(place).map((i) => x[i]), mean = group.reduce((a, b) => a + b, 0) / group.length;
    return { mean, variance: group.reduce((a, v) => a + (v - mean) ** 2, 0) / group.length, count: group.length };
  }
  const normalised = (x) => PLACES.map((p, i) => {
    const { mean, variance } = moments(x, p);
    return used(p) ? (x[i] - mean) / Math.sqrt(variance + 1e-5) : 0;
  });
  function result() {
    const x = numbers(), place = PLACES[state.picked];
    return { x, normalised: normalised(x), members: members(place), ...moments(x, place) };
  }

  const tables = el("div");
  const status = begin(root, "Which numbers share a mean?", state, update, result);
  const controls = controlsFor(state, update);
  const pick = (i) => { state.picked = i; update(); tables.querySelector(`[data-place="${i}"]`)?.focus(); };

  function picture(n, values, group) {
    const channel = (c) => {
      const rows = [];
      for (let h = 0; h < H; h++) {
        const row = [];
        for (let w = 0; w < W; w++) {
          const i = ((n * C + c) * H + h) * W + w, look = i === state.picked ? "picked" : group.includes(i) ? "used" : null;
          const shown = state.show === "numbers" ? String(values[i]) : round(values[i]);
          const name = `picture ${n + 1}, channel ${c + 1}, row ${h + 1}, column ${w + 1}: ${shown}${look === "used" ? ", shares the mean" : ""}`;
          row.push(el("td", { class: look }, el("button", { type: "button", "data-place": i, "aria-label": name, onclick: () => pick(i) }, shown)));
        }
        rows.push(el("tr", {}, ...row));
      }
      return el("table", {}, el("caption", {}, `channel ${c + 1}`), el("tbody", {}, ...rows));
    };
    return el("div", {}, el("p", {}, `Picture ${n + 1}`), el("div", { class: "parts close" }, ...[0, 1, 2, 3].map(channel)));
  }
  function update() {
    if (!used(PLACES[state.picked])) state.picked = 0;
    const { x, normalised: y, members: group, mean, variance, count } = result();
    tables.replaceChildren(...[0, 1, 2].filter((n) => n < state.batch).map((n) => picture(n, state.show === "numbers" ? x : y, group)));
    const means = { BN: C, LN: state.batch, "LN at each place": state.batch * H * W, IN: state.batch * C, GN: state.batch * state.groups }[state.kind];
    status.textContent = `${state.kind}: one mean over ${KINDS[state.kind][1]}, ${count} numbers; ${means} means in all. Here: mean ${round(mean)}, variance ${round(variance)}; ` +
      `${round(x[state.picked])} becomes ${round(y[state.picked])}.${state.kind === "BN" && state.batch === 1 ? " With one picture, this is IN." : ""}`;
    controls.show();
  }
  root.append(
    el("div", { class: "controls" }, controls.choice("layer", "kind", Object.keys(KINDS).map((kind) => [kind, kind])),
      controls.choice("groups of GN", "groups", [[1, "1"], [2, "2"], [4, "4"]]), controls.choice("pictures in the batch", "batch", [[1, "1"], [2, "2"], [3, "3"]]),
      controls.choice("show", "show", [["numbers", "the numbers"], ["normalised", "normalised"]]),
      el("button", { type: "button", onclick: () => { state.seed += 1; update(); } }, "other numbers")),
    el("p", { class: "hint" }, "Choose a number. All that share its mean are marked."), tables, status);
  update();
}
