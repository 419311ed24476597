/**
 * What stands where a secret would and is none: words that examples use, references to variables, masks.
 */

const ordinaryWords = new Set(
  (
    'string number boolean integer object array null none nil true false undefined required optional unknown any void ' +
    'password passwort pass passwd secret token apikey api_key changeme example test testing admin root user guest default ' +
    'redacted hidden removed empty bearer basic your yours the this that here must should cannot enter type text value'
  ).split(' '),
);
/** `${HOME}`, `$TOKEN`, `<your key>`, `{{ key }}`, `%KEY%`, `***`, `xxxx`, and a placeholder (`maskUnit`). */
const stand =
  /^(?:\$[{(].*|\$[A-Za-z_]+|\$[A-Z_][A-Z0-9_]*|<.*>|\{\{.*|\{[^{}]*\}|%[A-Za-z_]+%|\*{3}.*|[.\u2022x*_-]+|X+|0x[0-9a-f]{1,8}|\ufdd1+)$/s;

/** True for a value that gives nothing away. */
export const isOrdinaryValue = (value: string): boolean => ordinaryWords.has(value.toLowerCase()) || stand.test(value);
