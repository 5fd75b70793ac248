/** A template as a tree (https://pkg.go.dev/text/template, the part that Prometheus' rules use). */
export type TemplateNode =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'action'; readonly pipeline: Pipeline }
  | TemplateBlock
  | { readonly kind: 'break' }
  | { readonly kind: 'continue' };

export interface TemplateBlock {
  readonly kind: 'if' | 'with' | 'range';
  readonly pipeline: Pipeline;
  readonly body: readonly TemplateNode[];
  readonly otherwise: readonly TemplateNode[];
}

export interface Pipeline {
  /** `$x := …`, `$i, $x := …`, `$x = …`. */
  readonly variables: readonly string[];
  readonly declares: boolean;
  readonly commands: readonly Command[];
}
/** A function or a value with arguments. */
export type Command = readonly Operand[];
export type Operand =
  | { readonly kind: 'literal'; readonly value: string | number | bigint | boolean | null }
  | { readonly kind: 'dot'; readonly fields: readonly string[] }
  | { readonly kind: 'variable'; readonly name: string; readonly fields: readonly string[] }
  | { readonly kind: 'pipeline'; readonly pipeline: Pipeline; readonly fields: readonly string[] }
  | { readonly kind: 'function'; readonly name: string };
