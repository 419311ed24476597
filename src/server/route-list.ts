/**
 * The paths that the server has, for the words of 404 and 405. Filled from the routes themselves as they are
 * registered, so that it cannot differ from them. Knows patterns (`/v1/responses/:id`, `/v1/models/*`), no handler.
 */

export interface RouteList {
  add(pattern: string, methods: string | readonly string[]): void;
  /** Methods of the patterns that a path fits, sorted; empty where there is none. */
  methodsOf(path: string): string[];
  /** What a person who asked for a path that is not there wants to know. */
  describeMissing(method: string, path: string): string;
}

const shownLength = 255;

const expressionOf = (pattern: string): RegExp =>
  new RegExp(
    `^${pattern
      .split('/')
      .map((part) =>
        part === '*' ? '.+' : part.startsWith(':') ? '[^/]+' : part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'),
      )
      .join('/')}$`,
  );

export const createRouteList = (): RouteList => {
  const routes = new Map<string, { readonly expression: RegExp; readonly methods: Set<string> }>();

  const add: RouteList['add'] = (pattern, methods) => {
    const route = routes.get(pattern) ?? { expression: expressionOf(pattern), methods: new Set<string>() };
    routes.set(pattern, route);
    for (const method of [methods].flat()) route.methods.add(method);
  };

  const methodsOf = (path: string): string[] => [
    ...new Set(
      [...routes.values()].flatMap(({ expression, methods }) => (expression.test(path) ? [...methods] : [])).sort(),
    ),
  ];

  /** A path that is there and was perhaps meant: without doubled and trailing slashes, with `/v1` in front. */
  const meant = (path: string): string | undefined => {
    const clean = `/${path.split('/').filter(Boolean).join('/')}`;
    return [clean, `/v1${clean}`, clean.replace(/^(?:\/v1)+/, '/v1')].find(
      (candidate) => candidate !== path && methodsOf(candidate).length > 0,
    );
  };

  const describeMissing = (method: string, path: string): string => {
    const missing = `There is no ${method} ${path.slice(0, shownLength)} here.`;
    const guess = path.length <= shownLength ? meant(path) : undefined;
    if (guess !== undefined) return `${missing} Did you mean ${guess}?`;
    const plain = [...routes.keys()].filter((pattern) => !/[:*]/.test(pattern)).sort();
    return `${missing} There are: ${plain.join(', ')}`;
  };

  return { add, methodsOf, describeMissing };
};
