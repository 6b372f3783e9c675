"""What a page in Chromium holds on to, asked of the engine itself."""

from __future__ import annotations

import json
from typing import Any

COUNT = """function () {
  const handles = [Node, DOMTokenList, DOMStringMap, CSSStyleDeclaration], found = {};
  for (const each of this) {
    if (handles.some((kind) => each instanceof kind)) continue;
    const name = Object.prototype.toString.call(each).slice(8, -1), maker = each.constructor;
    const kind = name === "Object" && typeof maker === "function" ? maker.name : name;
    found[kind] = (found[kind] ?? 0) + 1;
  }
  return found;
}"""
"""handles on nodes and on their classes, data and styles the engine makes, drops and makes again as it likes"""
GROUP = {"objectGroup": "held"}


def objects(driver: Any) -> dict[str, int]:
    """Live objects of the page's scripts by their kind: Array, Function, Promise, List ... (nodes are counted as such).

    V8 collects before it counts. Asked by the protocol: every script that the driver runs leaves an array of its own.
    """
    ask = driver.execute_cdp_cmd
    prototype = ask("Runtime.evaluate", {"expression": "Object.prototype", **GROUP})["result"]["objectId"]
    found = ask("Runtime.queryObjects", {"prototypeObjectId": prototype, **GROUP})["objects"]["objectId"]
    count = {"objectId": found, "functionDeclaration": COUNT, "returnByValue": True}
    kinds: dict[str, int] = ask("Runtime.callFunctionOn", count)["result"]["value"]
    ask("Runtime.releaseObjectGroup", GROUP)  # or the list itself would hold them
    return kinds


def held(driver: Any) -> dict[str, int]:
    """Objects by kind, nodes (in the page or not) and listeners that are left after a collection."""
    driver.execute_cdp_cmd("Performance.enable", {})
    kinds = objects(driver)
    driver.execute_cdp_cmd("HeapProfiler.collectGarbage", {})
    found = driver.execute_cdp_cmd("Performance.getMetrics", {})["metrics"]
    metrics = {m["name"]: int(m["value"]) for m in found}
    return {**kinds, "nodes": metrics["Nodes"], "listeners": metrics["JSEventListeners"]}


def go(driver: Any, place: str) -> None:
    """To ``overview``, ``trend/LT-101``: as a person goes there, without a script of the driver's."""
    driver.execute_cdp_cmd("Runtime.evaluate", {"expression": f"location.hash = {json.dumps(f'#/{place}')}"})
