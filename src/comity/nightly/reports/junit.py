"""A night as JUnit XML, which every CI server shows.

Invariant: a suite a source, a case an export and a case a check; what blocks is a failure, what could not be done is
an error, what had nothing to look at is skipped; a warning passes and says so. No value of a record is in it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

from comity.errors import printable

if TYPE_CHECKING:
    from comity.nightly.report import ErrorLine, ExportReport, NightReport
    from comity.nightly.reports.stored import Checks


def junit(report: NightReport, checks: Checks) -> str:
    """The whole document."""
    root = ET.Element("testsuites", name=f"comity {report.run_id}", time=f"{report.seconds:.3f}")
    suites: dict[str, ET.Element] = {}

    def suite(source: str) -> ET.Element:
        if source not in suites:
            suites[source] = ET.SubElement(root, "testsuite", name=source)
        return suites[source]

    for export in report.exports:
        _export(suite(export.source_id), export)
        for record_type, found in checks.get((export.source_id, export.export_id), {}).items():
            for check in found:
                _check(suite(export.source_id), export.source_id, record_type, check)
    for name, error in report.broken:
        _error(_case(suite(name), name, "loads"), error)
    for name in report.skipped:
        ET.SubElement(_case(suite(name), name, "export"), "skipped", message="nothing new")
    for name, why in report.not_set_up:
        ET.SubElement(_case(suite(name), name, "export"), "skipped", message=printable(why))
    for each in (root, *suites.values()):
        _count(each)
    ET.indent(root)
    return ET.tostring(root, "unicode", xml_declaration=True) + "\n"


def _case(suite: ET.Element, classname: str, name: str, seconds: float = 0.0) -> ET.Element:
    return ET.SubElement(suite, "testcase", classname=classname, name=printable(name), time=f"{seconds:.3f}")


def _export(suite: ET.Element, export: ExportReport) -> None:
    case = _case(suite, export.source_id, f"export {', '.join(export.files)}".strip(), export.seconds)
    if export.error is not None:
        _error(case, export.error)
    elif export.outcome != "published":
        failure = ET.SubElement(case, "failure", message=export.outcome, type=export.outcome)
        failure.text = "\n".join(map(printable, export.blocks))


def _error(case: ET.Element, error: ErrorLine) -> None:
    told = ET.SubElement(case, "error", message=printable(error.message), type=error.code)
    told.text = "\n".join(printable(line) for line in (error.place, error.remedy) if line)


def _check(suite: ET.Element, source: str, record_type: str, check: dict[str, Any]) -> None:
    case = _case(suite, f"{source}.{record_type}", check["rule_id"])
    counted = ""
    if check.get("violated") is not None and check.get("denominator"):
        counted = f"{check['violated']:,} of {check['denominator']:,} records"
    if check["outcome"] == "not_applicable":
        ET.SubElement(case, "skipped", message="nothing to look at")
    elif check["outcome"] == "error":
        ET.SubElement(case, "error", message="could not be computed", type=check["type"])
    elif check["outcome"] == "fail" and check["severity"] == "critical":
        ET.SubElement(case, "failure", message=counted or "failed", type=check["type"])
    elif check["outcome"] == "fail":
        ET.SubElement(case, "system-out").text = f"{check['severity']}: {counted or 'failed'}"


def _count(element: ET.Element) -> None:
    element.set("tests", str(len(element.findall(".//testcase"))))
    for kind, name in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
        element.set(name, str(len(element.findall(f".//testcase/{kind}"))))
