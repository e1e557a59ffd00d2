// Cuts a program in parts. Function by function: what is always there is the first module, which keeps memory, tables and globals,
// and offers to the others what they call. For a function of another part it has a stub: it asks for that part if it is not there yet,
// and calls through a table that the part fills.
import { EVERYWHERE, PARTS, partOf } from "./scenes.mjs";

/** The module from which a part imports. */
const FIRST = "program";
/** What is no longer than this, printed, is small. */
const SMALL = 600;

/** The parts: their names ("" is the first), bytes and how many functions they have. */
export function cut({ binaryen, bytes, called }) {
  const whole = describe(binaryen, binaryen.readBinary(bytes), called);
  const parts = PARTS.map((name) => ({ name, ...part(binaryen, bytes, whole, name) }));
  const offered = new Set(parts.flatMap(({ imported }) => imported));
  return [{ name: "", ...first(binaryen, bytes, whole, offered) }, ...parts];
}

/**
 * What chance may have spared in some scenes: small functions, and those of the first scenes, go where those go that call them, and small ones that a table names are
 * wanted everywhere, for a stub in their place would be as long.
 */
function withSmallOnes(binaryen, module, elements, calledInScenes) {
  const called = new Map([...calledInScenes].map(([name, shows]) => [name, new Set(shows)]));
  const printed = (name) => binaryen.emitText(binaryen.getFunctionInfo(module.getFunction(name)).body);
  const sizes = new Map();
  const isSmall = (name) => {
    if (!sizes.has(name)) sizes.set(name, printed(name).length);
    return sizes.get(name) <= SMALL;
  };
  for (const name of elements.flatMap(({ data }) => data)) if (called.has(name) && isSmall(name)) EVERYWHERE.forEach((show) => called.get(name).add(show));
  for (const [name, shows] of [...called].map(([name, shows]) => [name, [...shows]])) {
    if (shows.length === 0) continue;
    for (const [, quoted, plain] of printed(name).matchAll(/\(call \$(?:"([^"]*)"|([^\s)]+))/g)) {
      const callee = quoted ?? plain;
      const isLikely = called.has(callee) && (isSmall(callee) || EVERYWHERE.some((show) => calledInScenes.get(callee).has(show)));
      if (isLikely) shows.forEach((show) => called.get(callee).add(show));
    }
  }
  return called;
}

function describe(binaryen, module, calledInScenes) {
  const all = (count, at, info) => Array.from({ length: module[count]() }, (_, index) => binaryen[info](module[at](index)));
  const elements = all("getNumElementSegments", "getElementSegmentByIndex", "getElementSegmentInfo");
  const called = withSmallOnes(binaryen, module, elements, calledInScenes);
  const functions = all("getNumFunctions", "getFunctionByIndex", "getFunctionInfo")
    .map((info, index) => ({ ...info, offer: `f${index.toString(36)}`, part: info.module ? "" : partOf(called.get(info.name)) }));
  const tables = all("getNumTables", "getTableByIndex", "getTableInfo");
  const globals = all("getNumGlobals", "getGlobalByIndex", "getGlobalInfo");
  const exported = all("getNumExports", "getExportByIndex", "getExportInfo").map(({ name }) => name);
  const memory = module.getMemoryInfo();
  module.dispose();
  const need = functions.find(({ module, base }) => module && base.includes("needPart"));
  if (!need) throw new Error("parts: the program does not import needPart of embed/parts.js");
  return { functions, tables, globals, elements, exported, memory, need: need.name };
}

const tableOf = (part) => `functions of ${part}`;
const flagOf = (part) => `has ${part}`;
const own = ({ functions }, part) => functions.filter((each) => each.part === part);

function part(binaryen, bytes, whole, name) {
  const module = binaryen.readBinary(bytes);
  whole.exported.forEach((each) => module.removeExport(each));
  whole.elements.forEach((each) => module.removeElementSegment(each.name));
  module.setMemory(whole.memory.initial, whole.memory.max ?? -1, null, [], false, false, "0");
  module.addMemoryImport("0", FIRST, "memory");
  for (const table of whole.tables) module.addTableImport(table.name, FIRST, `table ${table.name}`);
  for (const global of whole.globals) {
    module.removeGlobal(global.name);
    module.addGlobalImport(global.name, FIRST, `global ${global.name}`, global.type, global.mutable);
  }
  for (const { name, offer, params, results } of own(whole, "")) {
    module.removeFunction(name);
    module.addFunctionImport(name, FIRST, offer, params, results);
  }
  for (const other of PARTS) {
    const [table, flag] = [tableOf(other), flagOf(other)];
    const { length } = own(whole, other);
    module.addTable(table, length, length);
    module.addTableImport(table, FIRST, table);
    if (other === name) continue;
    module.addGlobalImport(flag, FIRST, flag, binaryen.i32, true);
    stubs(binaryen, module, whole, other);
  }
  module.addActiveElementSegment(tableOf(name), "mine", own(whole, name).map((each) => each.name), module.i32.const(0));
  return finish(binaryen, module, name);
}

function first(binaryen, bytes, whole, offered) {
  const module = binaryen.readBinary(bytes);
  for (const name of PARTS) {
    const [table, flag] = [tableOf(name), flagOf(name)];
    const { length } = own(whole, name);
    module.addTable(table, length, length);
    module.addTableExport(table, table);
    module.addGlobal(flag, binaryen.i32, true, module.i32.const(0));
    module.addGlobalExport(flag, flag);
    stubs(binaryen, module, whole, name);
  }
  if (!whole.exported.includes("memory")) module.addMemoryExport("0", "memory");
  for (const table of whole.tables) module.addTableExport(table.name, `table ${table.name}`);
  for (const global of whole.globals) module.addGlobalExport(global.name, `global ${global.name}`);
  for (const { name, offer } of whole.functions) if (offered.has(offer)) module.addFunctionExport(name, offer);
  return finish(binaryen, module, "the first");
}

/** Puts a stub in the place of each function of a part. */
function stubs(binaryen, module, whole, part) {
  const ask = module.call(whole.need, [module.i32.const(PARTS.indexOf(part))], binaryen.none);
  const isMissing = module.i32.eqz(module.global.get(flagOf(part), binaryen.i32));
  module.addFunction(`need ${part}`, binaryen.none, binaryen.none, [], module.if(isMissing, ask));
  own(whole, part).forEach(({ name, params, results }, place) => {
    const operands = binaryen.expandType(params).map((type, index) => module.local.get(index, type));
    const pass = module.call_indirect(tableOf(part), module.i32.const(place), operands, params, results);
    module.removeFunction(name);
    module.addFunction(name, params, results, [], module.block(null, [module.call(`need ${part}`, [], binaryen.none), pass], results));
  });
}

function finish(binaryen, module, name) {
  if (!module.validate()) throw new Error(`parts: ${name} part is no program`);
  module.runPasses(["remove-unused-module-elements"]);
  const functions = Array.from({ length: module.getNumFunctions() }, (_, index) => binaryen.getFunctionInfo(module.getFunctionByIndex(index)));
  const bytes = module.emitBinary();
  module.dispose();
  return { bytes, functions: functions.filter((each) => !each.module).length, imported: functions.filter((each) => each.module === FIRST).map((each) => each.base) };
}
