"""How what is allowed is packed in policies."""

import json

from cdk_personalize._policy_size import LARGEST_MANAGED, Policy, pack, size_of

DELETES = json.dumps({"Action": "personalize:DeleteSolution", "Effect": "Allow"})
READS = json.dumps({"Action": "personalize:DescribeSolution", "Effect": "Allow"})


def names(count: int) -> list[str]:
    return [json.dumps(f"{number:0>60}") for number in range(count)]


def document(policy: Policy) -> str:
    statements = [
        {**json.loads(head), "Resource": [json.loads(each) for each in resources]}
        for head, resources in policy.items()
    ]
    return json.dumps({"Version": "2012-10-17", "Statement": statements}, separators=(",", ":"))


def test_what_fits_is_one_policy() -> None:
    assert pack({READS: ['"b"', '"a"'], DELETES: ['"a"']}) == [
        {DELETES: ['"a"'], READS: ['"a"', '"b"']}
    ]


def test_nothing_is_no_policy() -> None:
    assert pack({}) == []


def test_policies_are_full_and_no_larger_than_iam_takes() -> None:
    needed = {DELETES: names(150), READS: names(150)}

    *full, _ = policies = pack(needed)
    assert all(len(document(each)) <= LARGEST_MANAGED for each in policies)
    assert all(len(document(each)) > LARGEST_MANAGED - 200 for each in full)
    for head, resources in needed.items():
        assert sorted(name for each in policies for name in each.get(head, [])) == resources


def test_counts_what_the_deployment_will_fill_in() -> None:
    joined = {"Fn::Join": ["", ["arn:", {"Ref": "AWS::Partition"}, ":x"]]}

    assert size_of(json.dumps(joined)) == len('"arn:aws-us-gov:x"')


def test_counts_what_it_cannot_know_as_the_longest_arn() -> None:
    machine = f"arn:aws-us-gov:states:ap-southeast-1:123456789012:stateMachine:{'m' * 80}"

    assert size_of(json.dumps({"Fn::GetAtt": ["Machine", "Arn"]})) == len(f'"{machine}"')
