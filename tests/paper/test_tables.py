from paper.tables import to_csv, to_markdown


def test_records_need_not_all_have_the_same_names() -> None:
    text = to_csv([{"a": 1, "b": 0.1}, {"a": 2, "c": "x, y"}])
    assert text == 'a,b,c\n1,0.1,\n2,,"x, y"\n'


def test_a_table_in_markdown() -> None:
    assert to_markdown(("a", "b"), [("1", "2")]) == "| a | b |\n| --- | --- |\n| 1 | 2 |\n"
