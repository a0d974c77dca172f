// Makes src/api/schema.ts from docs/openapi.json: one type for each shape of the API. The build and the check begin with it.
import { existsSync, readFileSync, writeFileSync } from "node:fs";

const HEAD = "// The shapes of the API, made from docs/openapi.json by scripts/types.mjs. Not to be edited.\n";
const SCHEMA = new URL("../src/api/schema.ts", import.meta.url);

/** The text of src/api/schema.ts. */
function types(document) {
  const shapes = Object.entries(document.components.schemas).sort(([a], [b]) => (a < b ? -1 : 1));
  const text = shapes.map(([name, schema]) => `${comment(schema.description, "")}export type ${name} = ${type(schema, "")};\n`);
  return [HEAD, ...text].join("\n");
}

function type(schema, indent) {
  if (schema.$ref) return schema.$ref.split("/").at(-1);
  if (schema.enum) return schema.enum.map((one) => JSON.stringify(one)).join(" | ");
  const parts = schema.oneOf ?? schema.anyOf;
  if (parts) return [...new Set(parts.map((part) => type(part, indent)))].join(" | ");
  if (schema.allOf) return schema.allOf.map((part) => type(part, indent)).join(" & ");
  const kinds = [schema.type ?? "unknown"].flat();
  return kinds.map((kind) => plain(kind, schema, indent)).join(" | ");
}

function plain(kind, schema, indent) {
  switch (kind) {
    case "integer":
      return "number";
    case "number":
    case "string":
    case "boolean":
    case "null":
      return kind;
    case "array": {
      if (schema.prefixItems) return `[${schema.prefixItems.map((item) => type(item, indent)).join(", ")}]`;
      const item = type(schema.items ?? {}, indent);
      return /[|&]/.test(item) ? `(${item})[]` : `${item}[]`;
    }
    case "object":
      return object(schema, indent);
    default:
      return "unknown";
  }
}

function object(schema, indent) {
  const properties = Object.entries(schema.properties ?? {});
  if (properties.length === 0) {
    const values = typeof schema.additionalProperties === "object" ? type(schema.additionalProperties, indent) : "unknown";
    return `Record<string, ${values}>`;
  }
  const inner = `${indent}  `;
  const required = new Set(schema.required ?? []);
  const lines = properties.map(
    ([name, property]) =>
      `${comment(property.description, inner)}${inner}${/^\w+$/.test(name) ? name : JSON.stringify(name)}${required.has(name) ? "" : "?"}: ${type(property, inner)};`,
  );
  return `{\n${lines.join("\n")}\n${indent}}`;
}

function comment(text, indent) {
  return text ? `${indent}/** ${text.replaceAll("*/", "* /").split("\n").join(`\n${indent} * `)} */\n` : "";
}

const text = types(JSON.parse(readFileSync(new URL("../../docs/openapi.json", import.meta.url), "utf8")));
// A file that did not change keeps its time, so that nothing is built again for it.
if (!existsSync(SCHEMA) || readFileSync(SCHEMA, "utf8") !== text) writeFileSync(SCHEMA, text);
