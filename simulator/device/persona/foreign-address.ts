import type { Population } from "../../../scenarios/population/population.ts";

/** In TEST-NET-2 (RFC 5737), which is no real network. */
const TEST_NET = 0xc633_6400;

/** The address that a moved device remembers: one of the next CMTS, or a test address if there is only one. */
export function foreignAddressOf(population: Population, device: number): number {
  const { cmtsCount } = population;
  if (cmtsCount === 1) return TEST_NET + 1 + (device % 254);
  const { pools } = population.cmts((population.cmtsOf(device) + 1) % cmtsCount);
  const pool = pools.find(({ kind }) => kind === population.kindOf(device)) ?? pools[0];
  return pool.low + (population.unitOf(device) % (pool.high - pool.low + 1));
}
