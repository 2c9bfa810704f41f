// Latent points, as gan_book/sampling.py samples them: the same distributions, but another generator of random numbers.

/** Uniform numbers between 0 and 1 from a seed: "mulberry32", 32 bits of state. */
export function uniform(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** N(0, 1) numbers from uniform ones, by the Box-Muller transform. */
export function normal(random) {
  return () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** Latent point number `seed` of an input: from its "prior", N(0, 1) or uniform between "low" and "high". */
export function latentPoint(input, seed) {
  const random = uniform(seed);
  const next = input.prior === "normal" ? normal(random) : () => input.low + (input.high - input.low) * random();
  return Float32Array.from({ length: input.shape.slice(1).reduce((a, b) => a * b) }, next);
}

/** The point at t, from 0 to 1, on the straight line from a to b. */
export function line(a, b, t) {
  return a.map((value, i) => (1 - t) * value + t * b[i]);
}

/**
 * The point at t on the arc from a to b. On the straight line between two N(0, 1) points the middle is shorter than
 * nearly all points that the generator was trained with. Chapter 6 explains it; `arc` in gan_book/sampling.py.
 */
export function arc(a, b, t) {
  const dot = (x, y) => x.reduce((sum, value, i) => sum + value * y[i], 0);
  const cosine = dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
  const omega = Math.acos(Math.max(-1, Math.min(1, cosine)));
  if (Math.sin(omega) < 1e-6) return line(a, b, t);
  const [p, q] = [Math.sin((1 - t) * omega) / Math.sin(omega), Math.sin(t * omega) / Math.sin(omega)];
  return a.map((value, i) => p * value + q * b[i]);
}
