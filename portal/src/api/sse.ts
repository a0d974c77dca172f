// Reads server-sent events from bytes as they come (the format of the WHATWG's HTML standard, as far as our server writes it).

export interface Sent {
  id: string | null;
  name: string;
  data: string;
}

export class Parser {
  #rest = "";
  #id: string | null = null;
  #name = "";
  #data: string[] = [];
  #decoder = new TextDecoder();

  /** The events that are complete with these bytes. */
  push(bytes: Uint8Array): Sent[] {
    const lines = (this.#rest + this.#decoder.decode(bytes, { stream: true })).split("\n");
    this.#rest = lines.pop() ?? "";
    return lines.map((line) => this.#line(line.endsWith("\r") ? line.slice(0, -1) : line)).filter((sent) => sent !== null);
  }

  #line(line: string): Sent | null {
    if (line === "") {
      const sent = this.#data.length === 0 ? null : { id: this.#id, name: this.#name || "message", data: this.#data.join("\n") };
      this.#name = "";
      this.#data = [];
      return sent;
    }
    const colon = line.indexOf(":");
    if (colon === 0) return null;
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + (line[colon + 1] === " " ? 2 : 1));
    if (field === "id") this.#id = value;
    else if (field === "event") this.#name = value;
    else if (field === "data") this.#data.push(value);
    return null;
  }
}
