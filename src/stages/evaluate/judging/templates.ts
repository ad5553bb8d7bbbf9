// Texts for a judge with named places: `{question}`.

/** The template with its places filled, all at once: what is put in is never read as a place. A name that is not among
 *  `values` stays as it is. */
export function fillTemplate(template: string, values: Readonly<Record<string, string>>): string {
  return template.replace(/\{(\w+)\}/g, (place, name: string) =>
    Object.hasOwn(values, name) ? (values[name] ?? '') : place,
  );
}

/** Those of `names` that the template has no place for. */
export function missingPlaces(template: string, names: readonly string[]): string[] {
  return names.filter((name) => !template.includes(`{${name}}`));
}
