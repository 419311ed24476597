/** Names that say two things, or nothing: of endpoints, models and aliases. */
import { autoName } from '../../route/match-name.js';
import { type ConfigPath, errorAt, type Finding } from '../config-path.js';
import type { ConfigFile } from '../config-schema.js';
import { nearestName } from '../nearest-name.js';
import { deviceEndpointName, endpointsOf, modelNamesOf, targetNamesOf } from './known-names.js';

/** A finding for each name that stands there a second time. */
const findTwins = (names: readonly { readonly name: string; readonly at: ConfigPath }[], what: string): Finding[] => {
  const seen = new Set<string>();
  return names.flatMap(({ name, at }) => {
    if (seen.has(name)) return [errorAt(at, `there is another ${what} called "${name}"; names must be unique`)];
    seen.add(name);
    return [];
  });
};

const checkEndpointNames = (file: ConfigFile): Finding[] => {
  const names = endpointsOf(file).map(({ section, index, name }) => ({
    name,
    at: ['tiers', section, index, 'name'] as const,
  }));
  const reserved = names
    .filter(({ name }) => name === deviceEndpointName)
    .map(({ at, name }) => errorAt(at, `"${name}" is the name of this machine; choose another one`));
  return [...reserved, ...findTwins(names, 'endpoint')];
};

const checkModelNames = (file: ConfigFile, deviceModels: readonly string[]): Finding[] => {
  const groups = [
    { at: ['tiers', 'device', 'models'] as ConfigPath, models: deviceModels },
    ...endpointsOf(file).map(({ section, index, models }) => ({
      at: ['tiers', section, index, 'models'] as ConfigPath,
      models,
    })),
  ];
  return groups.flatMap(({ at, models }) => {
    const names = models.map((name, index) => ({ name, at: [...at, index] }));
    const reserved = names
      .filter(({ name }) => name === autoName)
      .map((one) => errorAt(one.at, `"${autoName}" stands for every model; a model cannot be called so`));
    return [...reserved, ...findTwins(names, 'model at the same place')];
  });
};

/** The first way from an alias back to itself; null where there is none. */
const findLoop = (start: string, aliases: Readonly<Record<string, readonly string[]>>): string[] | null => {
  const seen = new Set<string>();
  const search = (name: string, way: readonly string[]): string[] | null => {
    for (const target of aliases[name]!) {
      if (target === start) return [...way, target];
      if (!Object.hasOwn(aliases, target) || seen.has(target)) continue;
      seen.add(target);
      const loop = search(target, [...way, target]);
      if (loop !== null) return loop;
    }
    return null;
  };
  return search(start, [start]);
};

const checkAliases = (file: ConfigFile, deviceModels: readonly string[]): Finding[] => {
  const { aliases = {} } = file;
  const models = modelNamesOf(file, deviceModels);
  const targets = targetNamesOf(file, models);
  const known = new Set(targets);
  return Object.entries(aliases).flatMap(([alias, names]) => {
    const at = ['aliases', alias];
    const findings: Finding[] = [];
    if (alias === autoName)
      findings.push(errorAt(at, `"${autoName}" stands for every model; call the alias something else`));
    if (models.has(alias)) findings.push(errorAt(at, `"${alias}" is a model's name, which the alias would hide`));
    const loop = findLoop(alias, aliases);
    if (loop !== null) findings.push(errorAt(at, `leads back to itself: ${loop.join(' -> ')}`));
    for (const [index, name] of names.entries()) {
      if (known.has(name)) continue;
      const nearest = nearestName(name, targets);
      const hint = nearest === null ? '' : `; did you mean ${nearest}?`;
      findings.push(errorAt([...at, index], `no model or alias is called "${name}"${hint}`));
    }
    return findings;
  });
};

export const checkNames = (file: ConfigFile, deviceModels: readonly string[]): Finding[] => [
  ...checkEndpointNames(file),
  ...checkModelNames(file, deviceModels),
  ...checkAliases(file, deviceModels),
];
