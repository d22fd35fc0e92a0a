/** Adds the numbers of one object to those of another, field by field. */
export function addFields<Name extends string>(
  into: Record<Name, number>,
  from: Readonly<Record<Name, number>>,
): void {
  for (const name of Object.keys(into) as Name[]) into[name] += from[name];
}
