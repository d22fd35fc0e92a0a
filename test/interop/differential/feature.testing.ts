import type { ClientMessage } from "../../../server/dhcp/decide/engine.testing.ts";
import { macOf, type Script, type Site } from "./contender.testing.ts";
import { bind, meant, own } from "./steps.testing.ts";

/** What a feature's declarations may name: all of it belongs to this feature alone. */
export interface FeatureNames {
  /** For classes, spaces, hosts; also the vendor class that the client sends. */
  readonly tag: string;
  readonly mac: string;
  /** 10.20.NUMBER, where its subnet is. */
  readonly net: string;
}

/** One feature of the language, in a subnet of its own, with a client whose reply shows it. */
export interface LanguageFeature {
  readonly name: string;
  /** At the top level, before the subnet. */
  readonly top?: (names: FeatureNames) => string;
  /** In the subnet, before its range. */
  readonly subnet?: string | ((names: FeatureNames) => string);
  /** Options that the client asks for; 15 and 200 to 209 have definitions. */
  readonly list: readonly number[];
  readonly send?: ClientMessage;
  /** Name in the table of differences that are meant. */
  readonly onPurpose?: string;
}

const definitions = `
option out-text code 200 = text;
option out-bytes code 201 = string;
option out-u8 code 202 = unsigned integer 8;
option out-u16 code 203 = unsigned integer 16;
option out-u32 code 204 = unsigned integer 32;
option out-i32 code 205 = integer 32;
option out-flag code 206 = boolean;
option out-address code 207 = ip-address;
`;

/** A data expression, seen as bytes. */
export const data = (
  name: string,
  expression: string,
  send: ClientMessage = {},
): LanguageFeature => ({
  ...{ name, subnet: `option out-bytes = ${expression};`, list: [201], send },
});
/** A boolean expression, seen by which branch runs. */
export const truth = (
  name: string,
  expression: string,
  send: ClientMessage = {},
): LanguageFeature => ({
  name,
  subnet: `if ${expression} { option out-text "true"; } else { option out-text "false"; }`,
  ...{ list: [200], send },
});
/** A numeric expression, seen as 32 bits. */
export const number = (name: string, expression: string): LanguageFeature =>
  data(name, `encode-int(${expression}, 32)`);
/** A definition and a value of it. */
export const type = (name: string, definition: string, value: string): LanguageFeature => ({
  name: `type ${name}`,
  top: ({ tag }) => `option ${tag} code 230 = ${definition};`,
  subnet: ({ tag }) => `option ${tag} ${value};`,
  list: [230],
});
export const parameter = (
  name: string,
  statement: string,
  list: readonly number[] = [1, 51],
  send: ClientMessage = {},
): LanguageFeature => ({ name, subnet: statement, list, send });

/** The dhcpd.conf of one feature, or of many side by side, without the networks that all need. */
export function featureConfiguration(features: readonly LanguageFeature[], site: number): string {
  return features
    .map((feature, at) => {
      const names = namesOf(at, site);
      const { top, subnet = "" } = feature;
      const statements = typeof subnet === "string" ? subnet : subnet(names);
      return `# ${feature.name}
${top === undefined ? "" : `${top(names)}\n`}subnet ${names.net}.0 netmask 255.255.255.0 {
  ${statements}
  range ${names.net}.100 ${names.net}.109;
}
`;
    })
    .join("");
}

/** `site`: its place in the list of sites, of which the clients' hardware addresses are made. */
export function featureSite(
  name: string,
  features: readonly LanguageFeature[],
  site: number,
): Site {
  const scripts = features.map((feature, at): Script => {
    const { tag, net } = namesOf(at, site);
    const message = { giaddr: `${net}.1`, list: feature.list, vendorClass: tag, ...feature.send };
    const { name: featureName, steps } = bind(feature.name, 20, message);
    const { onPurpose } = feature;
    return onPurpose === undefined
      ? { name: featureName, steps }
      : { name: featureName, steps: steps.map((step) => meant(step, onPurpose)) };
  });
  return {
    name,
    configuration: `${own}${definitions}${featureConfiguration(features, site)}`,
    scripts,
  };
}

function namesOf(at: number, site: number): FeatureNames {
  return { tag: `f${at}`, mac: macOf(site, at), net: `10.20.${at}` };
}
