/**
 * The answers of a pure function for the texts of late, so that a request on a key in use parses and builds no text. At
 * most twice `limit` are kept: those since the last change of generations, and the generation before.
 */
export function remember<V extends object | string>(limit: number, compute: (text: string) => V): (text: string) => V {
  let young = new Map<string, V>();
  let old = new Map<string, V>();
  return (text) => {
    const known = young.get(text);
    if (known !== undefined) return known;
    // A text of our own: one that was cut from a longer text keeps all of that alive.
    const own = text.split("").join("");
    // What throws is not remembered.
    const answer = old.get(text) ?? compute(own);
    if (young.size >= limit) {
      old = young;
      young = new Map();
    }
    young.set(own, answer);
    return answer;
  };
}
