import { begin, bytes, controlsFor, el, onArrows } from "./interface.js";

// Extents are height and width; before them frames, for clips; for sound its length alone.
const [NAME, WHAT, CHANNELS, EXTENTS, PARAMETERS, MACS, FIELD] = [0, 1, 2, 3, 4, 5, 6];
const WHOLE = 0, IRREGULAR = -1; // fields that are no number of pixels
const places = (layer) => layer[EXTENTS].reduce((product, extent) => product * extent, 1);
const numbers = (layer) => layer[CHANNELS] * places(layer);
const shape = (layer) => [...layer[EXTENTS], layer[CHANNELS]].join("×");
const MEASURES = {
  MACs: (layer) => layer[MACS],
  parameters: (layer) => layer[PARAMETERS],
  memory: (layer) => 4 * numbers(layer),
  "receptive field": (layer, network) => ({ [WHOLE]: network.input.at(-1), [IRREGULAR]: 0 })[layer[FIELD]] ?? layer[FIELD],
};

// Consecutive layers whose maps have one size; the box of a stage is its widest map. A branch that
// shrinks maps to one place in between, such as squeeze-and-excitation, begins no stage.
export function stages(network) {
  const found = [], lastMap = network.layers.findLastIndex((layer) => places(layer) > 1);
  network.layers.forEach((layer, index) => {
    const last = found.at(-1), size = layer[EXTENTS].join("×"), channels = layer[CHANNELS];
    if (places(layer) === 1 && index < lastMap) return;
    if (last && last.size === size) Object.assign(last, { end: index, channels: Math.max(last.channels, channels) });
    else found.push({ begin: index, end: index, size, extents: layer[EXTENTS], channels });
  });
  return found;
}

export function short(number) {
  for (const [size, letter] of [[1e9, " G"], [1e6, " M"], [1e3, " k"]]) if (number >= size) return (number / size).toPrecision(3) + letter;
  return String(number);
}

const SVG = "http://www.w3.org/2000/svg";
function svg(tag, attributes, ...children) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

async function unpack(packed) {
  const stream = new Blob([bytes(packed)]).stream().pipeThrough(new DecompressionStream("gzip"));
  const { networks, columns } = JSON.parse(await new Response(stream).text());
  const layers = columns[NAME].map((_, i) => columns.map((column) => column[i]));
  return networks.map((network) => ({ ...network, layers: layers.splice(0, network.layers) }));
}

export async function mount(root, { packed }) {
  const networks = await unpack(packed);
  const byName = Object.fromEntries(networks.map((network) => [network.name, network]));
  const state = { first: "vgg16", second: "resnet50", bars: "MACs", here: { first: 0, second: 0 } };
  const sum = (network, measure) => network.layers.reduce((total, layer) => total + MEASURES[measure](layer, network), 0);
  function about(which) {
    const network = byName[state[which]], layer = network.layers[state.here[which]];
    return {
      layers: network.layers.length, parameters: sum(network, "parameters"), macs: sum(network, "MACs"),
      memory: sum(network, "memory"), stages: stages(network).length, layer,
    };
  }
  const result = () => ({ first: about("first"), second: about("second") });
  const status = begin(root, "Networks, stage by stage and layer by layer", state, update, result);

  function told(which) {
    const network = byName[state[which]], layer = network.layers[state.here[which]];
    const unit = network.input.length === 2 ? "sample" : "pixel";
    const field = { [WHOLE]: "sees everything", [IRREGULAR]: "sees more at some places than at others" }[layer[FIELD]] ?? `sees ${layer[FIELD]} ${unit}${layer[FIELD] === 1 ? "" : "s"}`;
    return `${network.name}, layer ${state.here[which] + 1} of ${network.layers.length}, ${layer[NAME]} (${layer[WHAT]}): ` +
      `${shape(layer)}, ${layer[PARAMETERS].toLocaleString("en")} parameters, ` +
      `${short(layer[MACS])} MACs, ${field}, ${short(4 * numbers(layer))} bytes.`;
  }

  // Boxes whose face is height × width and whose depth grows with the channels, seen from the side.
  function boxes(which) {
    const network = byName[state[which]], found = stages(network), step = 600 / found.length;
    const here = found.findIndex((stage) => stage.begin <= state.here[which] && state.here[which] <= stage.end);
    const letters = Math.min(1.7, Math.max(1, 600 / (root.clientWidth || 600))); // to be read on a telephone, too
    const drawn = svg("svg", { viewBox: `0 0 600 ${118 + 32 * letters}`, role: "img", class: "boxes",
      "aria-label": `${network.name} in ${found.length} stages: ` + found.map((s) => `${s.size}×${s.channels}`).join(", ") });
    const largest = Math.max(...found.flatMap((stage) => stage.extents.slice(-2)));
    found.forEach((stage, index) => {
      const [height, width] = [stage.extents.at(-2) ?? 1, stage.extents.at(-1)].map((extent) => 6 + 78 * Math.sqrt(extent / largest));
      const tall = height, lean = 0.3 * width;
      const deep = Math.min(3.2 * Math.log2(stage.channels + 1), step - lean - 4), x = index * step, y = 112;
      const points = (list) => list.map(([a, b]) => `${a},${b}`).join(" ");
      const mark = index === here ? "box here" : "box";
      drawn.append(
        svg("polygon", { class: `${mark} side`, points: points([[x + deep, y], [x + deep + lean, y - lean], [x + deep + lean, y - lean - tall], [x + deep, y - tall]]) }),
        svg("polygon", { class: mark, points: points([[x, y - tall], [x + lean, y - tall - lean], [x + lean + deep, y - tall - lean], [x + deep, y - tall]]) }),
        svg("rect", { class: mark, x, y: y - tall, width: deep, height: tall }));
      const label = (text, line) => svg("text", { x, y: y + 15 * letters * line, style: `font-size: ${12 * letters}px` }, text);
      if (step > 7 * letters * Math.max(6, stage.size.length)) drawn.append(label(stage.size, 1), label(`×${stage.channels}`, 2));
    });
    return drawn;
  }

  function bars(which) {
    const network = byName[state[which]], measure = MEASURES[state.bars], count = network.layers.length;
    const values = network.layers.map((layer) => measure(layer, network)), top = Math.max(...values, 1), step = 600 / count;
    const drawn = svg("svg", { viewBox: "0 0 600 90", tabindex: 0, role: "slider", class: "bars",
      "aria-label": `layer of ${network.name}`, "aria-valuemin": 1, "aria-valuemax": count,
      "aria-valuenow": state.here[which] + 1, "aria-valuetext": told(which) });
    values.forEach((value, index) => {
      const tall = Math.max(1.5, (80 * value) / top);
      drawn.append(svg("rect", { class: index === state.here[which] ? "bar here" : "bar", x: index * step, y: 88 - tall, width: Math.max(1, step - 0.6), height: tall }));
    });
    const go = (index) => {
      state.here[which] = Math.max(0, Math.min(count - 1, index));
      const focused = root.contains(document.activeElement) && document.activeElement.dataset?.which === which;
      update(which);
      if (focused) root.querySelector(`[data-which="${which}"]`).focus();
    };
    drawn.dataset.which = which;
    drawn.addEventListener("pointermove", (event) => {
      const box = drawn.getBoundingClientRect();
      const index = Math.floor(((event.clientX - box.left) / box.width) * count);
      if (index !== state.here[which]) go(index);
    });
    drawn.addEventListener("focus", () => { status.textContent = told(which); });
    onArrows(drawn, (down, right) => go(state.here[which] + right - down));
    drawn.addEventListener("keydown", (event) => {
      if (event.key === "Home") go(0);
      if (event.key === "End") go(count - 1);
    });
    return drawn;
  }

  const panels = { first: el("div"), second: el("div") };
  function show(which) {
    const network = byName[state[which]], known = about(which);
    const totals = `${network.name}: input ${network.input.slice(1).join("×")}, ${known.layers} layers that run, ` +
      `${known.parameters.toLocaleString("en")} parameters, ${short(known.macs)} MACs, ${short(known.memory)} bytes of maps.`;
    panels[which].replaceChildren(el("p", { class: "total" }, totals), boxes(which), bars(which));
  }
  function update(touched = "first") {
    for (const which of ["first", "second"]) {
      state.here[which] = Math.min(state.here[which], byName[state[which]].layers.length - 1);
      show(which);
    }
    status.textContent = told(touched === "second" ? "second" : "first");
    controls.show();
  }
  const names = networks.map((network) => [network.name, network.name]);
  const controls = controlsFor(state, (key) => update(key));
  root.append(
    el("div", { class: "controls" }, controls.choice("network", "first", names), controls.choice("beside it", "second", names),
      controls.choice("bars show", "bars", Object.keys(MEASURES).map((name) => [name, name]))),
    panels.first, panels.second, status,
    el("p", { class: "hint" }, "One box for each size of map, as deep as the widest has channels; one bar for each layer: move over the bars, or focus them and use the arrow keys. 1 MAC = 2 FLOPs; memory is that of the maps of one picture, clip or sound, four bytes a number."));
  update();
}
