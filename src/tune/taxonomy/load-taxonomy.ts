// Reads the taxonomy folder: slots*.yaml, tools/*.yaml, overflow/*.yaml. Every file is checked whole and every bad line
// named before anything is refused. It does not expand templates.
import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { isMap, isScalar } from 'yaml';
import { DEVICE_TOOLS } from './device-tools.js';
import { cyclicSlots, isGeneratedSlot, parseSlotValue, type SlotList, type SlotValue } from './slots.js';
import { argumentSets, parseTemplate, slotsOf, type Template } from './template.js';
import { type TaxonomyProblem, YamlFile } from './yaml-file.js';

/** One template of a kind with what it fixes. `args` null: the arguments of its rows are unknown. */
export interface KindTemplate {
  readonly template: Template;
  readonly source: string;
  readonly args: Readonly<Record<string, string>> | null;
  readonly weight: number;
  readonly tool: string | null;
  readonly file: string;
  readonly line: number;
}

/** Everything that rows are generated from: templates by kind, values by slot. */
export interface Taxonomy {
  readonly kinds: ReadonlyMap<string, readonly KindTemplate[]>;
  readonly slots: ReadonlyMap<string, SlotList>;
}

/** A taxonomy that cannot be used, with everything that is wrong in it. */
export class TaxonomyError extends Error {
  readonly code = 'bad_taxonomy';
  readonly problems: readonly TaxonomyProblem[];
  constructor(problems: readonly TaxonomyProblem[]) {
    const lines = problems.map(({ file, line, message }) => `${file}:${line}: ${message}`);
    super(
      `Cannot load the taxonomy: ${problems.length} problem${problems.length === 1 ? '' : 's'}\n${lines.join('\n')}`,
    );
    this.name = 'TaxonomyError';
    this.problems = problems;
  }
}

/** Loads a taxonomy folder; throws TaxonomyError with all problems of all files. */
export function loadTaxonomy(folder: string): Taxonomy {
  const { taxonomy, problems } = readTaxonomy(folder);
  if (problems.length > 0) throw new TaxonomyError(problems);
  return taxonomy;
}

/** Loads what can be loaded of a taxonomy folder, with the problems of the rest. */
export function readTaxonomy(folder: string): { taxonomy: Taxonomy; problems: TaxonomyProblem[] } {
  const problems: TaxonomyProblem[] = [];
  const names = listYaml(folder).filter((name) => name.startsWith('slots'));
  const slots = readSlots(names.map((name) => new YamlFile(folder, name, problems)));
  const kinds = new Map<string, KindTemplate[]>();
  const seen = new Map<string, string>();
  for (const room of ['tools', 'overflow'] as const) {
    for (const name of listYaml(join(folder, room))) {
      const file = new YamlFile(folder, `${room}/${name}`, problems);
      for (const [kind, template] of readKinds(file, { room, slots })) {
        const place = `${template.file}:${template.line}`;
        const key = `${kind}\n${template.source}`;
        if (seen.has(key)) file.report(template.line, `"${template.source}" stands in ${seen.get(key)} already`);
        else kinds.set(kind, [...(kinds.get(kind) ?? []), template]);
        seen.set(key, place);
      }
    }
  }
  return { taxonomy: { kinds, slots }, problems };
}

function listYaml(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => name.endsWith('.yaml'))
      .sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

function readSlots(files: readonly YamlFile[]): Map<string, SlotList> {
  const slots = new Map<string, SlotList>();
  const read: { value: SlotValue; line: number; file: YamlFile }[] = [];
  for (const file of files) {
    for (const [name, key, list] of file.entries(file.root, file.name)) {
      const line = file.lineOf(key);
      if (!/^[a-z][a-z0-9_]*$/.test(name)) file.report(line, `slot name "${name}" is not snake_case`);
      if (isGeneratedSlot(name)) file.report(line, `{${name}} is generated and cannot be listed`);
      if (slots.has(name)) file.report(line, `slot {${name}} is listed twice`);
      const values = file.items(list, `slot ${name}`).flatMap((item) => {
        const value = readSlotValue(item, { file, name });
        if (value !== null) read.push({ value, line: file.lineOf(item), file });
        return value ?? [];
      });
      slots.set(name, { values, uniform: values.every(({ weight }) => weight === 1) });
    }
  }
  for (const { value, line, file } of read) {
    for (const { slot, arg } of slotsOf(value.surface)) {
      if (arg !== null) file.report(line, `a slot value fills no argument: {${arg}=${slot}}`);
      if (!slots.has(slot) && !isGeneratedSlot(slot)) file.report(line, `there is no slot {${slot}}`);
    }
  }
  for (const name of cyclicSlots(slots)) files[0]?.report(0, `slot {${name}} draws itself`);
  return slots;
}

/** A list item: text, a number, or { value, weight }. */
function readSlotValue(item: unknown, context: { file: YamlFile; name: string }): SlotValue | null {
  const { file, name } = context;
  const plain = isMap(item)
    ? (item.toJSON() as Record<string, unknown>)
    : { value: isScalar(item) ? item.value : null };
  const text = typeof plain.value === 'number' ? String(plain.value) : plain.value;
  if (typeof text !== 'string' || text.trim() === '') {
    file.report(file.lineOf(item), `slot ${name}: a value must be text (quote yes, no, on, off)`);
    return null;
  }
  return file.attempt(item, () => parseSlotValue(text, readWeight(plain.weight)));
}

function readKinds(
  file: YamlFile,
  options: { room: 'tools' | 'overflow'; slots: ReadonlyMap<string, SlotList> },
): [string, KindTemplate][] {
  const top = new Map(file.entries(file.root, file.name).map(([name, key, value]) => [name, { key, value }]));
  for (const [name, { key }] of top) {
    if (name !== 'kinds' && !(name === 'tool' && options.room === 'tools'))
      file.report(file.lineOf(key), `unknown entry "${name}"`);
  }
  const toolNode = top.get('tool')?.value;
  const tool =
    options.room === 'tools' ? String(isScalar(toolNode) ? toolNode.value : basename(file.name, '.yaml')) : null;
  const known = tool === null ? null : DEVICE_TOOLS[tool];
  if (known === undefined) {
    file.report(file.lineOf(toolNode), `there is no device tool "${tool}"`);
    return [];
  }
  const deviceKinds = new Set(Object.values(DEVICE_TOOLS).flatMap(({ kinds }) => kinds));
  return file.entries(top.get('kinds')?.value, 'kinds').flatMap(([kind, key, list]) => {
    if (!/^[a-z][a-z0-9_]*$/.test(kind)) file.report(file.lineOf(key), `kind "${kind}" is not snake_case`);
    if (known !== null && !known.kinds.includes(kind))
      file.report(file.lineOf(key), `kind "${kind}" is not one of ${tool}: ${known.kinds.join(', ')}`);
    if (known === null && deviceKinds.has(kind))
      file.report(file.lineOf(key), `kind "${kind}" belongs to a device tool`);
    return file
      .items(list, `kind ${kind}`)
      .flatMap((item) =>
        readTemplates(item, { file, tool, slots: options.slots }).map((template): [string, KindTemplate] => [
          kind,
          template,
        ]),
      );
  });
}

/** A list item: a template, or { text | texts, args?, weight? }. */
function readTemplates(
  item: unknown,
  context: { file: YamlFile; tool: string | null; slots: ReadonlyMap<string, SlotList> },
): KindTemplate[] {
  const { file, tool, slots } = context;
  const line = file.lineOf(item);
  const plain = isMap(item) ? (item.toJSON() as Record<string, unknown>) : { text: isScalar(item) ? item.value : null };
  const extra = Object.keys(plain).find((name) => !['text', 'texts', 'args', 'weight'].includes(name));
  if (extra !== undefined) file.report(line, `unknown entry "${extra}"`);
  const texts = plain.texts ?? [plain.text];
  if (!Array.isArray(texts) || !texts.every((text): text is string => typeof text === 'string')) {
    file.report(line, 'a template must be text or { text, args, weight } (quote it)');
    return [];
  }
  const args = file.attempt(item, () => ({ value: readArgs(plain.args) }));
  const weight = file.attempt(item, () => readWeight(plain.weight));
  return texts.flatMap((source) => {
    const template = file.attempt(item, () => parseTemplate(source));
    if (template === null || args === null || weight === null) return [];
    for (const { slot } of slotsOf(template)) {
      if (!slots.has(slot) && !isGeneratedSlot(slot)) file.report(line, `"${source}": there is no slot {${slot}}`);
    }
    const allowed = tool === null ? [] : DEVICE_TOOLS[tool]!.args;
    for (const set of argumentSets(template)) {
      const filled = [...set, ...Object.keys(args.value ?? {})];
      const twice = filled.find((arg, i) => filled.indexOf(arg) !== i);
      if (twice !== undefined) file.report(line, `"${source}" fills ${twice} twice`);
      const unknown = filled.find((arg) => !allowed.includes(arg));
      if (unknown !== undefined)
        file.report(line, `"${source}": ${tool ?? 'an overflow request'} has no argument ${unknown}`);
    }
    return [{ template, source, args: args.value, weight, tool, file: file.name, line }];
  });
}

function readWeight(weight: unknown): number {
  if (weight === undefined) return 1;
  if (typeof weight !== 'number' || !(weight > 0))
    throw new RangeError(`weight must be a number above 0, it is ${String(weight)}`);
  return weight;
}

function readArgs(args: unknown): Record<string, string> | null {
  if (args === null) return null;
  if (args === undefined) return {};
  if (typeof args !== 'object' || Array.isArray(args)) throw new TypeError('args must be a map of texts or null');
  return Object.fromEntries(
    Object.entries(args).map(([name, value]) => {
      if (typeof value !== 'string' && typeof value !== 'number')
        throw new TypeError(`args.${name} must be text (quote on, off, yes, no)`);
      return [name, String(value)];
    }),
  );
}
