import { deviceKinds, type Population } from "../../scenarios/population/population.ts";

/**
 * The same devices in another order: an MTA or CPE comes right after its modem, because power comes back to a
 * whole household. A device whose modem is not in the list keeps its place.
 */
export function inHouseholds(population: Population, devices: Uint32Array): Uint32Array {
  const isWanted = new Uint8Array(population.size);
  for (const device of devices) isWanted[device] = 1;
  const ordered = new Uint32Array(devices.length);
  let count = 0;
  const take = (device: number): void => {
    if (isWanted[device] === 0) return;
    isWanted[device] = 0;
    ordered[count] = device;
    count += 1;
  };
  for (const device of devices) {
    const modem = population.attachmentOf(device);
    // The modem comes later in the list and brings this device along.
    if (modem !== device && isWanted[modem] === 1) continue;
    take(device);
    forEachBehind(population, device, take);
  }
  return ordered;
}

/** Calls `visit` with every MTA and CPE behind a modem; nothing is behind any other device. */
function forEachBehind(
  population: Population,
  modem: number,
  visit: (device: number) => void,
): void {
  const [modems] = population.countOf;
  if (modem >= modems!) return;
  for (const [kindIndex, kind] of deviceKinds.entries()) {
    if (kind !== "mta" && kind !== "cpe") continue;
    for (let unit = modem; unit < population.countOf[kindIndex]; unit += modems!) {
      visit(population.deviceOf(kindIndex, unit));
    }
  }
}
