import { latin1Text } from "../../../protocol/latin1.ts";
import type { OptionRegistry, OptionSpace } from "./option-registry.ts";
import { parameterSlots } from "./parameters.ts";
import type { EvaluatedSettings } from "./program.ts";

const VENDOR_OPTIONS = 43;
const LAST_CODE = 254;
const siteSpaceSlot = parameterSlots["site-option-space"];
const vendorSpaceSlot = parameterSlots["vendor-option-space"];

/** See `Settings.option`. */
export function configuredOption(
  registry: OptionRegistry,
  settings: EvaluatedSettings,
  code: number,
): Uint8Array | undefined {
  const site = siteSpace(registry, settings, code);
  if (site !== undefined) {
    const siteSlot = site.byCode.get(code)?.slot ?? -1;
    return siteSlot < 0 ? undefined : settings.valueAt(siteSlot);
  }
  const slot = registry.slotOfCode(code);
  if (slot >= 0 && settings.isSet(slot)) return settings.valueAt(slot);
  const space = registry.spaceInCode(code);
  if (space !== undefined) {
    const encapsulated = registry.encapsulate(space, settings);
    if (encapsulated !== undefined) return encapsulated;
  }
  // A name that no space has is as good as none, as in dhcpd.
  const vendorSpace =
    code === VENDOR_OPTIONS ? namedSpace(registry, settings, vendorSpaceSlot) : undefined;
  return vendorSpace === undefined ? undefined : registry.encapsulate(vendorSpace, settings);
}

/** See `Settings.optionCodes`. */
export function configuredCodes(registry: OptionRegistry, settings: EvaluatedSettings): number[] {
  const site = siteSpace(registry, settings, LAST_CODE);
  const codes =
    site === undefined
      ? registry.codesInUse
      : [...new Set([...registry.codesInUse, ...site.byCode.keys()])].sort((a, b) => a - b);
  return codes.filter((code) => code <= LAST_CODE && settings.option(code) !== undefined);
}

/** `site-option-space`, when it has this code for its own. */
function siteSpace(
  registry: OptionRegistry,
  settings: EvaluatedSettings,
  code: number,
): OptionSpace | undefined {
  const space = namedSpace(registry, settings, siteSpaceSlot);
  return space === undefined || code < registry.siteCodeMin(space) ? undefined : space;
}

function namedSpace(
  registry: OptionRegistry,
  settings: EvaluatedSettings,
  slot: number,
): OptionSpace | undefined {
  const name = settings.valueAt(slot);
  return name === undefined ? undefined : registry.space(latin1Text(name));
}
