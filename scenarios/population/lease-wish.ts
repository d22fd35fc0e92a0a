import { hash32 } from "../../base/prng.ts";

/**
 * The lease time that devices ask for (option 51), in seconds: the same for all, a
 * range, or several times with relative weights. Each device draws its time once, from the seed.
 */
export type LeaseWish =
  | number
  | { readonly min: number; readonly max: number }
  | readonly { readonly seconds: number; readonly weight: number }[];

const LEASE_STREAM = 0x6c65_6173;
const DRAWS = 2 ** 32;

/** What one device asks for, in whole seconds. */
export function wishedSeconds(wish: LeaseWish, seed: number, device: number): number {
  if (typeof wish === "number") return wish;
  const draw = hash32(seed, LEASE_STREAM, device) / DRAWS;
  if ("min" in wish) return wish.min + Math.floor(draw * (wish.max - wish.min + 1));
  let left = draw * wish.reduce((sum, { weight }) => sum + weight, 0);
  const drawn = wish.find(({ weight }) => {
    left -= weight;
    return left < 0;
  });
  return (drawn ?? wish.at(-1)!).seconds;
}

/** The shortest and the longest time that a server must allow, by its own lease time and every wish. */
export function leaseLimits(
  ownSeconds: number,
  wish: LeaseWish | undefined,
): { readonly minSeconds: number; readonly maxSeconds: number } {
  const wished =
    wish === undefined
      ? []
      : typeof wish === "number"
        ? [wish]
        : "min" in wish
          ? [wish.min, wish.max]
          : wish.map(({ seconds }) => seconds);
  return {
    minSeconds: Math.min(ownSeconds, ...wished),
    maxSeconds: Math.max(ownSeconds, ...wished),
  };
}
