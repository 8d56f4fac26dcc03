import { begin, controlsFor, el } from "./interface.js";

// What a pair of curves shows, by rules that the status line names.
export function diagnose({ loss, accuracy, validation_accuracy: validation }) {
  const last = accuracy[accuracy.length - 1], gap = last - validation[validation.length - 1];
  if (loss.some((value) => value === null) || last < 0.15) return "not learning";
  if (gap > 0.15) return "overfitting";
  return last < 0.5 ? "underfitting" : "fine";
}

const REASONS = {
  "not learning": "a loss is no number, or training accuracy stays near that of guessing, one in ten (a rate that is much too large or much too small)",
  overfitting: "training accuracy is more than 15 points above validation accuracy",
  underfitting: "the two are close, and training accuracy is below one half",
  fine: "the two are close, and training accuracy is at least one half",
};
const KNOBS = ["rate", "pictures", "augmentation", "width"];
const percent = (value) => `${Math.round(100 * value)} %`;

export function mount(root, { runs }) {
  const options = (knob) => [...new Set(runs.map((run) => run.settings[knob]))];
  const state = { case: 0, guess: "", show: "accuracy", before: -1 };
  const copy = (index) => { for (const knob of KNOBS) state[knob] = String(runs[index].settings[knob]); };
  const found = () => runs.findIndex((run) => KNOBS.every((knob) => String(run.settings[knob]) === state[knob]));
  const order = runs.map((_, i) => (i * 7 + 5) % runs.length);  // a fixed mixture; 7 and 24 share no divisor
  const result = () => {
    const run = runs[found()];
    return { training: run[state.show], validation: run[`validation_${state.show}`], test: run.test_accuracy, diagnosis: diagnose(run) };
  };
  copy(order[0]);

  const plot = el("div", { class: "plot" }), legend = el("p");
  const status = begin(root, "The curve clinic: what is wrong here?", state, update, result);
  const controls = controlsFor(state, (key) => {
    if (KNOBS.includes(key)) state.before = shown;
    update();
  });
  let shown = order[0];

  function draw(run, before) {
    const width = 340, height = 200, top = state.show === "accuracy" ? 1 : 4, epochs = run.loss.length;
    const x = (i) => 36 + (i * (width - 48)) / (epochs - 1), y = (v) => 170 - 155 * Math.min(1, v / top);
    const line = (values, look) => {
      const points = values.map((v, i) => (v === null ? null : `${x(i).toFixed(1)},${y(v).toFixed(1)}`)).filter((p) => p !== null);
      return points.length ? `<polyline points="${points.join(" ")}" class="${look}"/>` : "";
    };
    const [training, validation] = [run[state.show], run[`validation_${state.show}`]], end = (values) => values[values.length - 1];
    const told = (value) => (value === null ? "not a number" : state.show === "accuracy" ? percent(value) : value.toFixed(2));
    plot.innerHTML = `<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${state.show} over ${epochs} epochs: training ends at ${told(end(training))}, validation at ${told(end(validation))}">` +
      `<path class="axis" d="M36 15V170H${width - 12}"/>` + (before ? line(before[state.show], "past") + line(before[`validation_${state.show}`], "past dashed") : "") +
      line(training, "curve") + line(validation, "second") +
      `<text x="30" y="174" text-anchor="end">0</text><text x="30" y="20" text-anchor="end">${top}</text><text x="${width / 2}" y="194" text-anchor="middle">epochs 1 to ${epochs}; ${state.show}</text></svg>`;
    legend.textContent = `Solid: training. Dashed: validation.${before ? " Grey: the run before." : ""}`;
  }
  function guessed(word) { state.guess = word; update(); }
  function next() {
    state.case = (state.case + 1) % runs.length;
    shown = order[state.case];
    Object.assign(state, { guess: "", before: -1 });
    copy(shown);
    update();
  }
  const button = (text, onclick) => el("button", { type: "button", onclick }, text);
  const knobs = el("div", { class: "controls" }, controls.choice("learning rate", "rate", options("rate").map((v) => [String(v), String(v)])),
    controls.choice("training pictures", "pictures", options("pictures").map((v) => [String(v), String(v)])),
    controls.choice("crops and flips", "augmentation", [["false", "no"], ["true", "yes"]]),
    controls.choice("width", "width", options("width").map((v) => [String(v), String(v)])));
  function update() {
    shown = found();
    const run = runs[shown], truth = diagnose(run), before = state.before >= 0 && state.before !== shown ? runs[state.before] : null;
    draw(run, before);
    knobs.style.display = state.guess ? "" : "none";
    const verdict = state.guess === truth ? `Yes: ${truth}` : `You said ${state.guess}; by the rule it is ${truth === "fine" ? "fine" : truth}`;
    status.textContent = !state.guess ? "Look at the curves, then choose a diagnosis. After that you can turn the knobs."
      : before ? `Now: ${truth}, since ${REASONS[truth]}. Accuracy on test pictures ${percent(before.test_accuracy)} → ${percent(run.test_accuracy)}.`
        : `${verdict}, since ${REASONS[truth]}. Test accuracy ${percent(run.test_accuracy)}. Now turn a knob.`;
    controls.show();
  }
  root.append(
    el("div", { class: "controls" }, ...Object.keys(REASONS).map((word) => button(word, () => guessed(word))), button("another case", next),
      controls.choice("show", "show", [["accuracy", "accuracy"], ["loss", "loss"]])),
    plot, legend, knobs, status);
  update();
}
