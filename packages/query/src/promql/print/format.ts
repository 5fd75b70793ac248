import type { Expression } from '../ast.ts';
import { aggregatorText, operatorText, Printer, subqueryText } from './print.ts';

const indent = (level: number): string => '  '.repeat(level);

/** The expression on several lines where one would be longer than the limit, as Prometheus' `format_query` lays it out. */
export function formatPromql(expression: Expression, lineLimitBytes = 100): string {
  return new Formatter(lineLimitBytes).format(expression, 0);
}

class Formatter {
  private readonly printer = new Printer();
  private readonly lineLimitBytes: number;

  constructor(lineLimitBytes: number) {
    this.lineLimitBytes = lineLimitBytes;
  }

  format(expression: Expression, level: number): string {
    const { printer } = this;
    if (expression.kind === 'unary') {
      return indent(level) + expression.operator + this.format(expression.inner, level).trim();
    }
    const line = printer.print(expression);
    if (!this.isLong(line)) return (expression.kind === 'subquery' ? '' : indent(level)) + line;
    const inner = (child: Expression): string => this.format(child, level + 1);
    const before = indent(level);
    switch (expression.kind) {
      case 'aggregate': {
        const parameter = expression.parameter ? `${inner(expression.parameter)},\n` : '';
        return `${before}${aggregatorText(expression)}(\n${parameter}${inner(expression.inner)}\n${before})`;
      }
      case 'binary':
        return `${inner(expression.left)}\n${before}${operatorText(expression)}\n${inner(expression.right)}`;
      case 'call':
        return `${before}${expression.name}(\n${expression.arguments.map(inner).join(',\n')}\n${before})`;
      case 'parentheses':
        return `${before}(\n${inner(expression.inner)}\n${before})`;
      case 'subquery':
        return this.format(expression.inner, level) + subqueryText(expression);
      default:
        return before + line;
    }
  }

  private isLong(line: string): boolean {
    return line.length > this.lineLimitBytes || Buffer.byteLength(line) > this.lineLimitBytes;
  }
}
