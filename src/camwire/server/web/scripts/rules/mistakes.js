/** Which rule the server's words are about. */

/**
 * Mistakes by the position of their rule; those that are about none of them under null. The server begins each with
 * `rule 'NAME': `, or with `rules[POSITION]: ` where the rule has no name.
 * @param {string[]} problems
 * @param {{name?: string}[]} rules  as they were sent
 * @returns {Map<number | null, string[]>}
 */
export function byRule(problems, rules) {
  const found = new Map();
  for (const problem of problems) {
    const [index, words] = about(problem, rules);
    found.set(index, [...(found.get(index) ?? []), words]);
  }
  return found;
}

/** @param {string} problem @param {{name?: string}[]} rules @returns {[number | null, string]} */
function about(problem, rules) {
  // From the last one on: of two rules with one name the server means the later.
  for (let index = rules.length - 1; index >= 0; index--) {
    const { name } = rules[index];
    for (const start of [`rule '${name}': `, `rule "${name}": `, `rules[${index}]: `]) {
      if (problem.startsWith(start)) return [index, problem.slice(start.length)];
    }
  }
  return [null, problem];
}
