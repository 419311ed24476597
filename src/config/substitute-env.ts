/**
 * Puts values of the environment into a configuration: `${NAME}` inside texts, and `$${` for a literal `${`. Keys, numbers
 * and everything else stay. Its messages name the variable, never what it holds.
 */
import { type ConfigPath, errorAt, type Finding, isRecord } from './config-path.js';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface Substituted {
  /** The same tree with texts filled in; a text with a fault stays as it was. */
  readonly tree: unknown;
  readonly findings: readonly Finding[];
}

const reference = /\$\$\{|\$\{([^}]*)\}?/g;
const variableName = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** True where a text takes something out of the environment. */
export const hasReference = (text: string): boolean => /\$\{/.test(text.replaceAll(`$\${`, ''));

const substituteText = (text: string, { at, env }: { at: ConfigPath; env: Environment }): string | Finding[] => {
  const findings: Finding[] = [];
  const filled = text.replace(reference, (written: string, name: string | undefined) => {
    if (written === `$\${`) return `\${`;
    if (!written.endsWith('}') || name === undefined || !variableName.test(name)) {
      findings.push(errorAt(at, `a \${ in it names no variable; write \${NAME}, or $\${ for a literal \${`));
      return written;
    }
    const value = Object.hasOwn(env, name) ? env[name] : undefined;
    if (value === undefined || value === '') {
      findings.push(errorAt(at, `the variable ${name} is ${value === '' ? 'empty' : 'not set'} in the environment`));
      return written;
    }
    return value;
  });
  return findings.length > 0 ? findings : filled;
};

export const substituteEnv = (root: unknown, env: Environment): Substituted => {
  const findings: Finding[] = [];
  const walk = (value: unknown, at: ConfigPath): unknown => {
    if (typeof value === 'string') {
      const filled = substituteText(value, { at, env });
      if (typeof filled === 'string') return filled;
      findings.push(...filled);
      return value;
    }
    if (Array.isArray(value)) return value.map((entry, index) => walk(entry, [...at, index]));
    if (!isRecord(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, walk(entry, [...at, key])]));
  };
  return { tree: walk(root, []), findings };
};
