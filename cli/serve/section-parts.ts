import { z } from "zod";
import { parseIpv4, parseIpv4Network } from "../../protocol/ipv4.ts";

/** A port that both ends know, so that the system cannot choose it. */
export const fixedPort = z.number().int().min(1).max(65_535);

/** A name of a part of the node. */
export const shortName = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,31}$/, "use lower-case letters, digits and hyphens, at most 32");

/** An IPv4 address, as a number of at least `least`. */
export const ipv4 = (least: number, example: string) =>
  z.string().transform((text, context) => {
    const parsed = parseIpv4(text);
    if (parsed !== undefined && parsed >= least) return parsed;
    context.addIssue({ code: "custom", message: `write an IPv4 address, such as ${example}` });
    return z.NEVER;
  });

/** An IPv4 network. */
export const ipv4Network = z.string().transform((text, context) => {
  const parsed = parseIpv4Network(text);
  if (parsed !== undefined) return parsed;
  const message = "write a network and its prefix length, such as 10.32.0.0/12";
  context.addIssue({ code: "custom", message });
  return z.NEVER;
});
