"""The IAM actions behind each grant, by intent: one tuple each, and nowhere else.

List actions, PutEvents and PutActionInteractions know no resources (Service Authorization
Reference), so a grant of them is a grant on `*`.
"""

DATASET_GROUP_DESCRIBE = ("personalize:DescribeDatasetGroup",)

SCHEMA_DESCRIBE = ("personalize:DescribeSchema",)

DATASET_DESCRIBE = ("personalize:DescribeDataset",)
DATASET_IMPORT = ("personalize:CreateDatasetImportJob",)
DATASET_IMPORT_JOB = ("personalize:CreateDatasetImportJob", "personalize:DescribeDatasetImportJob")
DATASET_EXPORT = ("personalize:CreateDatasetExportJob",)
DATASET_EXPORT_JOB = ("personalize:CreateDatasetExportJob", "personalize:DescribeDatasetExportJob")
DATASET_PUT_ACTIONS = ("personalize:PutActions",)
DATASET_PUT_ACTION_INTERACTIONS = ("personalize:PutActionInteractions",)
DATASET_PUT_ITEMS = ("personalize:PutItems",)
DATASET_PUT_USERS = ("personalize:PutUsers",)

EVENT_TRACKER_DESCRIBE = ("personalize:DescribeEventTracker",)
EVENT_TRACKER_PUT_EVENTS = ("personalize:PutEvents",)

FILTER_DESCRIBE = ("personalize:DescribeFilter",)

METRIC_ATTRIBUTION_DESCRIBE = ("personalize:DescribeMetricAttribution",)

SOLUTION_DESCRIBE = ("personalize:DescribeSolution", "personalize:DescribeSolutionVersion")
SOLUTION_TRAIN = (
    "personalize:CreateSolutionVersion",
    "personalize:DescribeSolution",
    "personalize:DescribeSolutionVersion",
    "personalize:GetSolutionMetrics",
    "personalize:StopSolutionVersionCreation",
)

CAMPAIGN_DESCRIBE = ("personalize:DescribeCampaign",)
CAMPAIGN_QUERY = (
    "personalize:GetRecommendations",
    "personalize:GetPersonalizedRanking",
    "personalize:GetActionRecommendations",
)

RECOMMENDER_DESCRIBE = ("personalize:DescribeRecommender",)
RECOMMENDER_QUERY = ("personalize:GetRecommendations",)
RECOMMENDER_SWITCH = (
    "personalize:DescribeRecommender",
    "personalize:StartRecommender",
    "personalize:StopRecommender",
)
