"""What is handed to the instructor as an archive: every submission arrives, and nothing else does."""

import gzip
import io
import shutil
import stat
import tarfile
import zipfile

import pytest

from cnnbook.grading import cli
from cnnbook.grading.collect import collect
from cnnbook.grading.course import Course, CourseError
from tests.submissions.course import ASSIGNMENT, make_course

NB = b'{"cells": []}'


@pytest.fixture
def course(tmp_path):
    return Course(make_course(tmp_path / "course"))


def zipped(tmp_path, entries, name="export.zip"):
    """Write a zip file; an entry is (path, content) or a ZipInfo with content."""
    path = tmp_path / name
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for entry, content in entries:
            archive.writestr(entry, content)
    return path


def inner(entries) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for entry, content in entries:
            archive.writestr(entry, content)
    return stream.getvalue()


def placed(course) -> dict[str, bytes]:
    root = course.submitted
    return {p.relative_to(root).as_posix(): p.read_bytes() for p in root.rglob("*") if p.is_file()}


def test_moodle_canvas_and_plain_folders_are_understood(course, tmp_path):
    moodle = zipped(
        tmp_path, [("Ann Lee_1234_assignsubmission_file_/tiny.ipynb", NB)], "moodle.zip"
    )
    canvas = zipped(tmp_path, [("leeann_LATE_55_66_tiny-1.ipynb", NB)], "canvas.zip")
    plain = zipped(tmp_path, [("bob/sub/tiny.ipynb", NB), ("bob/notes.txt", b"x")], "plain.zip")
    for archive in (moodle, canvas, plain):
        assert collect(course, ASSIGNMENT, archive).left_out == []
    assert set(placed(course)) == {
        "Ann_Lee/tiny/tiny.ipynb", "leeann/tiny/tiny-1.ipynb", "bob/tiny/sub/tiny.ipynb", "bob/tiny/notes.txt",
    }  # fmt: skip


MOODLE, CANVAS = "Ann Lee_1234_assignsubmission_file", "leeann_55_66"


@pytest.mark.parametrize(
    ("path", "student"),
    [
        (f"{MOODLE}/tiny.ipynb", "Ann_Lee"),
        (f"{MOODLE}_/deep/tiny.ipynb", "Ann_Lee"),
        (f"{MOODLE}_tiny.ipynb", "Ann_Lee"),  # flat
        (f"{MOODLE}_x_7_assignsubmission_file_tiny.ipynb", "Ann_Lee"),  # the file's own name
        ("Group 3_assignsubmission_file/tiny.ipynb", "Group_3"),
        (f"{CANVAS}_tiny.ipynb", "leeann"),
        (f"{CANVAS}_02_03_tiny.ipynb", "leeann"),
        ("müllerjörg_55_66_tiny.ipynb", "müllerjörg"),
        ("mu\u0308ller_55_66_tiny.ipynb", "mu\u0308ller"),
        ("van_der_lee_LATE_55_66_tiny.ipynb", "van_der_lee"),
        ("李_55_66_tiny.ipynb", "李"),
        ("LATE_anon_x9F2a_66_02_tiny.ipynb", "anon_x9F2a"),
        ("o'brien/tiny.ipynb", "o'brien"),
    ],
)
def test_a_file_goes_to_the_student_whom_the_system_names(course, tmp_path, path, student):
    done = collect(course, ASSIGNMENT, zipped(tmp_path, [(path, NB)]))
    assert (done.students, done.left_out) == ({student: 1}, [])
    assert done.late == [student] * ("LATE" in path)


@pytest.mark.parametrize(
    "path",
    [
        "Ann Lee_1234_assignsubmission_onlinetext_/onlinetext.html",
        "Ann Lee_1234_assignsubmission_onlinetext/onlinetext.html",
        "Ann Lee_1234_assignsubmission_onlinetext_onlinetext.html",
        "leeann_55_text.html",
    ],
)
def test_text_typed_into_a_system_makes_no_student(course, tmp_path, path):
    done = collect(course, ASSIGNMENT, zipped(tmp_path, [(path, b"x"), ("bob/tiny.ipynb", NB)]))
    assert list(done.students) == ["bob"]
    assert "no file that was handed in" in done.left_out[0]


NAMESAKES = [
    ("Ann_B", "Ann B/tiny.ipynb", "Ann_B/tiny.ipynb"),
    ("Ann_B", "Ann B_11_assignsubmission_file/tiny.ipynb", "Ann B_12_assignsubmission_file/x.zip"),
    ("leeann", "leeann_55_66_tiny.ipynb", "leeann_LATE_56_67_tiny.ipynb"),
    ("leeann", "leeann_55_66_tiny.ipynb", "leeann/tiny.ipynb"),
]


@pytest.mark.parametrize(("student", "one", "other"), NAMESAKES)
def test_of_two_students_of_one_name_neither_is_brought_in_and_both_are_named(
    course, tmp_path, student, one, other
):
    entries = [(one, b"one"), (other, b"other"), ("bob/tiny.ipynb", NB)]
    done = collect(course, ASSIGNMENT, zipped(tmp_path, entries))
    assert list(placed(course)) == ["bob/tiny/tiny.ipynb"]
    (said,) = done.left_out
    assert said.startswith(f"'{student}'")
    assert said.count("(") == 2
    assert "--pattern" in said
    by_number = r"(?P<student>[^/]+?)_assignsubmission_file/(?P<rest>.+)"
    if "_11_" in one:
        done = collect(course, ASSIGNMENT, zipped(tmp_path, entries[:2]), by_number)
        assert set(done.students) == {"Ann_B_11"}


@pytest.mark.parametrize(("student", "one", "other"), NAMESAKES[:3])
def test_a_namesake_who_comes_later_does_not_replace_the_first(
    course, tmp_path, student, one, other
):
    first = zipped(tmp_path, [(one, NB)], "first.zip")
    later = zipped(tmp_path, [(other.replace("x.zip", "tiny.ipynb"), b"other")], "later.zip")
    for archive in (first, first):  # the same student may hand in again
        assert list(collect(course, ASSIGNMENT, archive).students) == [student]
    done = collect(course, ASSIGNMENT, later)
    assert done.students == {}
    assert "is somebody else" in done.left_out[0]
    assert placed(course) == {f"{student}/tiny/tiny.ipynb": NB}
    shutil.rmtree(course.submitted / student)
    assert list(collect(course, ASSIGNMENT, later).students) == [student]


def test_no_submission_says_itself_when_it_was_handed_in(course, tmp_path):
    early = b"2001-01-01 00:00:00 UTC"
    entries = [("ann/timestamp.txt", early), ("ann/tiny.ipynb", NB)]
    entries.append(("bob/all.zip", inner([("timestamp.txt", early), ("tiny.ipynb", NB)])))
    done = collect(course, ASSIGNMENT, zipped(tmp_path, entries))
    assert set(placed(course)) == {"ann/tiny/tiny.ipynb", "bob/tiny/tiny.ipynb"}
    assert len(done.left_out) == 2


def tar_of(name: str, content: bytes, **attributes) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as archive:
        entry = tarfile.TarInfo(name)
        entry.size = len(content)
        for key, value in attributes.items():
            setattr(entry, key, value)
        archive.addfile(entry, io.BytesIO(content))
    return stream.getvalue()


@pytest.mark.parametrize("when", [1e300, -1e300, float("inf"), float("nan"), -5])
def test_a_time_that_no_clock_showed_costs_nobody_anything(course, tmp_path, when):
    raw = tar_of("tiny.ipynb", NB, pax_headers={"mtime": str(when)})
    entries = [("eve/all.tar", raw), ("bob/tiny.ipynb", NB)]
    collect(course, ASSIGNMENT, zipped(tmp_path, entries))
    assert set(placed(course)) == {"eve/tiny/tiny.ipynb", "bob/tiny/tiny.ipynb"}


def test_archives_in_archives_share_one_limit(course, tmp_path):
    leaf = inner([("0.bin", bytes(1 << 20))])
    middle = inner([(f"{n}/leaf.zip", leaf) for n in range(40)])
    entries = [("eve/all.zip", inner([(f"{n}/m.zip", middle) for n in range(8)]))]
    done = collect(course, ASSIGNMENT, zipped(tmp_path, [*entries, ("bob/tiny.ipynb", NB)]))
    held = {name: len(content) for name, content in placed(course).items()}
    assert held.pop("bob/tiny/tiny.ipynb") == len(NB)
    assert sum(held.values()) <= 200 << 20
    assert done.left_out == ["'eve/all.zip': more than one submission may hold"]


def test_what_a_tar_archive_is_compressed_to_is_limited_before_it_is_read(course, tmp_path):
    bomb = gzip.compress(tar_of("tiny.ipynb", bytes(300 << 20)), 9)
    done = collect(course, ASSIGNMENT, zipped(tmp_path, [("eve/all.tgz", bomb)]))
    assert "it unpacks to more than" in done.left_out[0]


@pytest.mark.parametrize("level", ["student", "assignment"])
def test_a_link_in_the_place_of_a_students_folder_is_not_followed(course, tmp_path, level):
    outside = tmp_path / "outside"
    (outside / ASSIGNMENT).mkdir(parents=True)
    place = course.submitted / "eve" / (ASSIGNMENT if level == "assignment" else "")
    place.parent.mkdir(parents=True, exist_ok=True)
    place.symlink_to(outside)
    done = collect(
        course, ASSIGNMENT, zipped(tmp_path, [("eve/x.ipynb", NB), ("bob/tiny.ipynb", NB)])
    )
    assert list(done.students) == ["bob"]
    assert "is a link: remove it" in done.left_out[0]
    assert [p for p in outside.rglob("*") if p.is_file()] == []


def test_a_folder_can_be_collected_and_links_in_it_are_left_out(course, tmp_path):
    source = tmp_path / "export"
    (source / "ann").mkdir(parents=True)
    (source / "ann" / "tiny.ipynb").write_bytes(NB)
    (source / "ann" / "link").symlink_to("/etc/passwd")
    done = collect(course, ASSIGNMENT, source)
    assert list(placed(course)) == ["ann/tiny/tiny.ipynb"]
    assert "a link" in done.left_out[0]


def test_nested_archives_are_opened_in_their_students_folder(course, tmp_path):
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        entry = tarfile.TarInfo("deep/tiny.ipynb")
        entry.size = len(NB)
        archive.addfile(entry, io.BytesIO(NB))
    raw = inner([("work/more.tgz", stream.getvalue()), ("bob/tiny.ipynb", b"forged")])
    collect(course, ASSIGNMENT, zipped(tmp_path, [("ann/all.zip", raw)]))
    assert set(placed(course)) == {"ann/tiny/deep/tiny.ipynb", "ann/tiny/bob/tiny.ipynb"}


ESCAPES = [
    "../../../escaped",
    "/escaped",
    "ann/../../escaped",
    "C:\\escaped",
    "ann\\..\\..\\..\\escaped",
]


@pytest.mark.parametrize("path", ESCAPES)
@pytest.mark.parametrize("nested", [False, True])
def test_no_entry_climbs_out_of_its_folder(course, tmp_path, path, nested):
    entries = [(zipfile.ZipInfo(path), b"out")]
    if nested:
        entries = [("ann/x.zip", inner(entries))]
    before = {p for p in tmp_path.rglob("*") if "course" not in p.parts}
    done = collect(course, ASSIGNMENT, zipped(tmp_path, [*entries, ("bob/tiny.ipynb", NB)]))
    inside = [p for p in placed(course).items() if p[1] == b"out"]
    assert all(name.startswith("ann/tiny/") for name, _ in inside)
    assert placed(course)["bob/tiny/tiny.ipynb"] == NB
    new = {p for p in tmp_path.rglob("*") if "course" not in p.parts} - before
    assert new == {tmp_path / "export.zip"}
    assert done.left_out or inside
    assert not [p for p in course.root.iterdir() if "escaped" in p.name]


def test_links_devices_and_bombs_are_left_out_and_reported(course, tmp_path):
    link = zipfile.ZipInfo("ann/link.ipynb")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    entries = [(link, "/etc/passwd"), ("bob/tiny.ipynb", NB), ("eve/bomb.ipynb", bytes(60 << 20))]
    deep = b"x"
    for _ in range(6):
        deep = inner([("again.zip", deep)])
    entries.append(("eve/deep.zip", deep))
    entries.append(("eve/damaged.zip", b"PK\3\4 not really"))
    done = collect(course, ASSIGNMENT, zipped(tmp_path, entries))
    assert list(placed(course)) == ["bob/tiny/tiny.ipynb"]
    for reason in (
        "a link or a device",
        "are allowed",
        "nested more than 3 deep",
        "not an archive that can be read",
    ):
        assert any(reason in text for text in done.left_out), reason


def test_an_archive_that_lies_about_its_size_is_left_out(course, tmp_path):
    path = zipped(tmp_path, [("eve/tiny.ipynb", bytes(1 << 20)), ("bob/tiny.ipynb", NB)])
    raw = bytearray(path.read_bytes())
    size = (1 << 20).to_bytes(4, "little")
    while size in raw:
        at = raw.index(size)
        raw[at : at + 4] = (100).to_bytes(4, "little")
    path.write_bytes(raw)
    collect(course, ASSIGNMENT, path)
    assert placed(course)["bob/tiny/tiny.ipynb"] == NB
    assert len(placed(course).get("eve/tiny/tiny.ipynb", b"")) <= 100


def test_too_many_files_of_one_student_cost_only_that_student(course, tmp_path):
    entries = [(f"eve/{n}.txt", b"x") for n in range(1200)] + [("bob/tiny.ipynb", NB)]
    done = collect(course, ASSIGNMENT, zipped(tmp_path, entries))
    assert len([p for p in placed(course) if p.startswith("eve/")]) == 1000
    assert "bob/tiny/tiny.ipynb" in placed(course)
    assert len(done.left_out) == 200


def test_odd_names_arrive_and_impossible_ones_do_not(course, tmp_path):
    names = [
        "jos\xe9/tiny.ipynb",
        "\u674e/tiny.ipynb",
        "=cmd|calc/tiny.ipynb",
        ".hidden/tiny.ipynb",
        "a\nb/tiny.ipynb",
    ]
    done = collect(course, ASSIGNMENT, zipped(tmp_path, [(name, NB) for name in names]))
    assert {p.split("/")[0] for p in placed(course)} == {"jos\xe9", "\u674e", "=cmd|calc"}
    assert len(done.left_out) == 2


def test_a_second_submission_replaces_the_first_which_is_kept(course, tmp_path):
    collect(
        course, ASSIGNMENT, zipped(tmp_path, [("ann/tiny.ipynb", b"first"), ("ann/old.txt", b"x")])
    )
    collect(course, ASSIGNMENT, zipped(tmp_path, [("ann/tiny.ipynb", b"second")]))
    assert placed(course) == {"ann/tiny/tiny.ipynb": b"second"}
    kept = list((course.root / ".cnnbook" / "replaced" / "ann" / ASSIGNMENT).rglob("tiny.ipynb"))
    assert [path.read_bytes() for path in kept] == [b"first"]


def test_the_newest_of_two_files_under_one_name_wins(course, tmp_path):
    new, old = (
        zipfile.ZipInfo("ann/tiny.ipynb", (2026, 5, 2, 1, 1, 2)),
        zipfile.ZipInfo("ann/tiny.ipynb"),
    )
    with pytest.warns(UserWarning, match="Duplicate"):
        archive = zipped(tmp_path, [(new, b"new"), (old, b"old")])
    collect(course, ASSIGNMENT, archive)
    assert placed(course) == {"ann/tiny/tiny.ipynb": b"new"}


def test_what_cannot_be_collected_is_refused_with_its_remedy(course, tmp_path):
    with pytest.raises(CourseError, match="does not exist: give the zip file"):
        collect(course, ASSIGNMENT, tmp_path / "nothing.zip")
    archive = zipped(tmp_path, [("x", NB)])
    with pytest.raises(CourseError, match="no group named 'student'"):
        collect(course, ASSIGNMENT, archive, "(.*)")
    with pytest.raises(CourseError, match="not a regular expression"):
        collect(course, ASSIGNMENT, archive, "(")
    assert cli.main(["collect", str(archive), "--course", str(course.root)]) == 1
    pattern = r"(?P<student>x)"
    assert list(collect(course, ASSIGNMENT, archive, pattern).students) == ["x"]
