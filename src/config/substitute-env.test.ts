/** What would break: a secret that stays a placeholder, or a placeholder that was meant as text. */
import { describe, expect, it } from 'vitest';
import { hasReference, substituteEnv } from './substitute-env.js';

const placeholder = `\${NAME}`;
const env = { NAME: 'value', OTHER: `\${NAME}` };
const fill = (tree: unknown) => substituteEnv(tree, env);

describe('substituteEnv', () => {
  it('fills texts at any depth, once, and leaves keys and other values alone', () => {
    const { tree, findings } = fill({
      [placeholder]: [`a \${NAME} \${OTHER}`, 1, null, true, { x: `\${NAME}\${NAME}` }],
    });
    expect(findings).toEqual([]);
    expect(tree).toEqual({ [placeholder]: [`a value \${NAME}`, 1, null, true, { x: 'valuevalue' }] });
  });

  it(`takes $\${ for a literal \${`, () => {
    expect(fill([`$\${NAME}`, '$NAME', '$', '{NAME}', 'a}$']).tree).toEqual([
      `\${NAME}`,
      '$NAME',
      '$',
      '{NAME}',
      'a}$',
    ]);
  });

  it.each([`\${}`, `\${1A}`, `\${NO-DASH}`, `\${NAME`, `\${ NAME }`])('%s names no variable', (text) => {
    const { findings, tree } = fill({ a: { b: [text] } });
    expect(findings).toEqual([
      { at: ['a', 'b', 0], severity: 'error', message: expect.stringContaining('names no variable') as string },
    ]);
    expect(tree).toEqual({ a: { b: [text] } });
  });

  it('does not take properties of objects for variables', () => {
    expect(fill(`\${constructor}`).findings).toHaveLength(1);
    expect(fill(`\${__proto__}`).findings).toHaveLength(1);
  });

  it('tells texts with a reference from texts without', () => {
    expect([hasReference(`x\${A}`), hasReference(`$\${A}`), hasReference('plain')]).toEqual([true, false, false]);
  });
});
