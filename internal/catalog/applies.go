package catalog

// Applies is the condition under which a point of focus is considered.
type Applies string

// The conditions that the catalogue uses.
const (
	Any                   Applies = "any"
	COSO                  Applies = "coso"
	Supplemental          Applies = "supplemental"
	OnlyAvailability      Applies = "availability"
	OnlyConfidentiality   Applies = "confidentiality"
	OnlyPrivacy           Applies = "privacy"
	SystemLevel           Applies = "system"
	Goods                 Applies = "goods"
	Controller            Applies = "controller"
	Processor             Applies = "processor"
	ControllerOrProcessor Applies = "controller or processor"
	OperationsObjectives  Applies = "operations objectives"
	FinancialReporting    Applies = "external financial reporting objectives"
	NonfinancialReporting Applies = "external nonfinancial reporting objectives"
	InternalReporting     Applies = "internal reporting objectives"
	ComplianceObjectives  Applies = "compliance objectives"
)

// Sentence says when the point is considered; "" for an unknown condition.
func (a Applies) Sentence() string {
	switch a {
	case Any:
		return "Considered in every examination that includes its category."
	case COSO:
		return "From the COSO framework; considered in every examination."
	case Supplemental:
		return "Added to the COSO framework for trust services; considered in every examination."
	case OnlyAvailability:
		return "Considered only where availability is in scope."
	case OnlyConfidentiality:
		return "Considered only where confidentiality is in scope."
	case OnlyPrivacy:
		return "Considered only where privacy is in scope."
	case SystemLevel:
		return "Considered where a system is examined, as in every SOC 2."
	case Goods:
		return "Considered where the organisation produces or distributes goods."
	case Controller:
		return "Considered where the organisation decides why and how personal information is used (controller)."
	case Processor:
		return "Considered where the organisation handles personal information for others (processor)."
	case ControllerOrProcessor:
		return "Considered for controllers and for processors of personal information."
	case OperationsObjectives:
		return "Considered where the system serves objectives of operations."
	case FinancialReporting:
		return "Considered where the system serves objectives of external financial reporting."
	case NonfinancialReporting:
		return "Considered where the system serves objectives of other external reporting."
	case InternalReporting:
		return "Considered where the system serves objectives of internal reporting."
	case ComplianceObjectives:
		return "Considered where the system serves objectives that laws and regulations set."
	}
	return ""
}

// Answer is what the organisation said to a question of scope.
type Answer string

// The answers. A question nobody answered leaves every point it governs
// applicable: nothing falls away by silence.
const (
	Unanswered Answer = ""
	Yes        Answer = "yes"
	No         Answer = "no"
)

// Scope is what applicability depends on.
type Scope struct {
	Categories []Category         `json:"categories"` // security belongs to every scope, named or not
	Controller Answer             `json:"controller,omitempty"`
	Processor  Answer             `json:"processor,omitempty"`
	Goods      Answer             `json:"goods,omitempty"`
	Objectives map[Applies]Answer `json:"objectives,omitempty"` // the five conditions "… objectives"
}

// DefaultScope is the scope of a new system: security alone.
func DefaultScope() Scope { return Scope{Categories: []Category{Security}} }

// Has reports whether a category is in scope.
func (s Scope) Has(c Category) bool {
	if c == Security {
		return true
	}
	for _, have := range s.Categories {
		if have == c {
			return true
		}
	}
	return false
}

// Applicable reports whether a point of focus is to be considered in a scope,
// with the sentence why.
func Applicable(p Point, s Scope) (bool, string) {
	criterion, ok := Get(p.Criterion)
	if !ok {
		return false, "The catalogue holds no criterion " + p.Criterion + "."
	}
	if !s.Has(criterion.Category) {
		return false, "The category " + criterion.Category.Words() + " is not in scope."
	}
	apply := true
	switch p.Applies {
	case OnlyAvailability:
		apply = s.Has(Availability)
	case OnlyConfidentiality:
		apply = s.Has(Confidentiality)
	case OnlyPrivacy:
		apply = s.Has(Privacy)
	case Goods:
		apply = s.Goods != No
	case Controller:
		apply = s.Controller != No
	case Processor:
		apply = s.Processor != No
	case ControllerOrProcessor:
		apply = s.Controller != No || s.Processor != No
	case OperationsObjectives, FinancialReporting, NonfinancialReporting, InternalReporting, ComplianceObjectives:
		apply = s.Objectives[p.Applies] != No
	}
	if apply {
		return true, p.Applies.Sentence()
	}
	return false, "Not in this scope. " + p.Applies.Sentence()
}
