// Reads the parameters of AWS's query protocols.

/** The form of a query request: `Targets.member.1.Id=10.0.0.1&...`. */
export type QueryParameters = ReadonlyMap<string, string>;

/** Reads a form. Of a name that stands twice the last value holds. */
export const parseQueryParameters = (body: string): QueryParameters =>
  new Map(new URLSearchParams(body));

/** The values of a list, by number: of `TargetGroupArns.member` those of `TargetGroupArns.member.1`, `.2`, .... */
export function listOf(parameters: QueryParameters, prefix: string): readonly string[] {
  const numbered = new Map<number, string>();
  for (const [name, value] of parameters) {
    const match = /^\.(\d+)$/.exec(name.startsWith(prefix) ? name.slice(prefix.length) : "");
    if (match?.[1] !== undefined) numbered.set(Number(match[1]), value);
  }
  return [...numbered].sort(([a], [b]) => a - b).map(([, value]) => value);
}

/** The entries of a list of structures, by number: each with the parameters below it. */
export function structuresOf(
  parameters: QueryParameters,
  prefix: string,
): readonly QueryParameters[] {
  const numbered = new Map<number, Map<string, string>>();
  for (const [name, value] of parameters) {
    const match = /^\.(\d+)\.(.+)$/.exec(name.startsWith(prefix) ? name.slice(prefix.length) : "");
    if (match?.[1] === undefined || match[2] === undefined) continue;
    const structure = numbered.get(Number(match[1])) ?? new Map<string, string>();
    structure.set(match[2], value);
    numbered.set(Number(match[1]), structure);
  }
  return [...numbered].sort(([a], [b]) => a - b).map(([, structure]) => structure);
}
