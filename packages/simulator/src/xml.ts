// Writes XML as AWS's query protocols lay it out.

/** A tree: an object's keys are elements, a list's entries are all named alike, undefined is left out. */
export type XmlTree =
  | string
  | number
  | boolean
  | undefined
  | readonly XmlTree[]
  | { readonly [element: string]: XmlTree };

const escapes: { readonly [character: string]: string } = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
};

/** Writes a tree. `entry` names the entries of lists: `member` in the query protocol, `item` in EC2's. */
export function xmlOf(tree: XmlTree, entry: "member" | "item"): string {
  if (tree === undefined) return "";
  if (Array.isArray(tree))
    return tree.map((each) => `<${entry}>${xmlOf(each, entry)}</${entry}>`).join("");
  if (typeof tree === "object")
    return Object.entries(tree)
      .filter(([, content]) => content !== undefined)
      .map(([name, content]) => `<${name}>${xmlOf(content, entry)}</${name}>`)
      .join("");
  return String(tree).replace(/[&<>"]/g, (character) => escapes[character] ?? character);
}
