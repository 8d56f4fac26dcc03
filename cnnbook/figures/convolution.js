// The arithmetic of the figures. A map is {h, w, v}: height, width, values row by row.

export const map = (h, w, fill = () => 0) => {
  const v = new Float64Array(h * w);
  for (let i = 0; i < h; i++) for (let j = 0; j < w; j++) v[i * w + j] = fill(i, j);
  return { h, w, v };
};

export const convSize = (n, k, s, p, d) => Math.floor((n + 2 * p - d * (k - 1) - 1) / s) + 1;
export const transposedSize = (n, k, s, p, d) => (n - 1) * s - 2 * p + d * (k - 1) + 1;

// Where place i of a padded row of n lies in the row itself; -1 where there is a zero.
export function source(i, n, mode) {
  if (i >= 0 && i < n) return i;
  if (mode === "circular") return ((i % n) + n) % n;
  if (mode === "replicate") return i < 0 ? 0 : n - 1;
  if (mode === "reflect") return i < 0 ? -i : 2 * (n - 1) - i;
  return -1;
}

export function conv2d(x, kernel, { stride = 1, padding = 0, dilation = 1, mode = "zeros" } = {}) {
  const size = (n, k) => convSize(n, k, stride, padding, dilation);
  return map(size(x.h, kernel.h), size(x.w, kernel.w), (i, j) => {
    let sum = 0;
    for (let u = 0; u < kernel.h; u++) {
      const row = source(i * stride + u * dilation - padding, x.h, mode);
      if (row < 0) continue;
      for (let t = 0; t < kernel.w; t++) {
        const column = source(j * stride + t * dilation - padding, x.w, mode);
        if (column >= 0) sum += x.v[row * x.w + column] * kernel.v[u * kernel.w + t];
      }
    }
    return sum;
  });
}

// The gradients of the input and of the kernel, given those of the output (zero padding).
export function backward(x, kernel, g, { stride = 1, padding = 0 } = {}) {
  const dx = map(x.h, x.w), dw = map(kernel.h, kernel.w);
  for (let i = 0; i < g.h; i++) for (let j = 0; j < g.w; j++)
    for (let u = 0; u < kernel.h; u++) for (let t = 0; t < kernel.w; t++) {
      const row = i * stride + u - padding, column = j * stride + t - padding;
      if (row < 0 || row >= x.h || column < 0 || column >= x.w) continue;
      dx.v[row * x.w + column] += g.v[i * g.w + j] * kernel.v[u * kernel.w + t];
      dw.v[u * kernel.w + t] += g.v[i * g.w + j] * x.v[row * x.w + column];
    }
  return { dx, dw };
}

export const relu = (x) => map(x.h, x.w, (i, j) => Math.max(0, x.v[i * x.w + j]));

// What leaves on one side enters on the other.
export const shift = (x, down, right) => map(x.h, x.w, (i, j) =>
  x.v[source(i - down, x.h, "circular") * x.w + source(j - right, x.w, "circular")]);

export function pool(x, kind) {
  if (kind === "none") return x;
  const at = (i, j) => x.v[(i % x.h) * x.w + (j % x.w)];
  const four = (i, j) => [at(i, j), at(i, j + 1), at(i + 1, j), at(i + 1, j + 1)];
  const h = Math.floor(x.h / 2), w = Math.floor(x.w / 2);
  if (kind === "max") return map(h, w, (i, j) => Math.max(...four(2 * i, 2 * j)));
  if (kind === "average") return map(h, w, (i, j) => four(2 * i, 2 * j).reduce((a, b) => a + b) / 4);
  const largest = map(x.h, x.w, (i, j) => Math.max(...four(i, j)));
  const weights = [1, 2, 1, 2, 4, 2, 1, 2, 1];
  const blur = { h: 3, w: 3, v: Float64Array.from(weights, (n) => n / 16) };
  return conv2d(largest, blur, { stride: 2, padding: 1, mode: "circular" });
}

export const largest = (x) => x.v.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
