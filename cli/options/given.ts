type Given<Section> = { [Key in keyof Section]?: Exclude<Section[Key], undefined> };

/** Leaves out the fields that are undefined, so that the defaults of the reader apply. */
export function given<Section extends object>(section: Section): Given<Section> {
  const entries = Object.entries(section).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as Given<Section>;
}
